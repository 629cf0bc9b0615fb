#!/usr/bin/env python3
"""The daemon's command line, its notices to systemd, what it is offered, and its
clean end."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import unittest

OK, FAILURE, USAGE = 0, 1, 2
# Sanitizers and a busy machine are slow.
LIMIT_S = 60


def run(*arguments):
  return subprocess.run([orield, *arguments], stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        encoding='utf-8', timeout=LIMIT_S)


class Daemon(unittest.TestCase):

  def setUp(self):
    # Not TEST_TMPDIR: socket paths are limited to 107 bytes.
    self.folder = tempfile.mkdtemp(prefix='orield-')
    self.addCleanup(shutil.rmtree, self.folder)
    self.socket_path = self.path('oriel.sock')

  def path(self, name):
    return os.path.join(self.folder, name)

  def config(self, text):
    path = self.path('orield.conf')
    with open(path, 'w', encoding='utf-8') as file:
      file.write(text)
    return path

  def start(self, *arguments, **variables):
    """Starts orield and waits for READY=1; the process and the notices."""
    notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notices.bind(self.path('notify'))
    notices.settimeout(LIMIT_S)
    self.addCleanup(notices.close)
    environment = dict(os.environ, NOTIFY_SOCKET=self.path('notify'),
                       **variables)
    process = subprocess.Popen(
        [orield, *arguments], env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
    self.addCleanup(self.end, process)
    ready = notices.recv(4096).decode()
    self.assertIn('READY=1', ready)
    return process, notices, ready

  def end(self, process):
    if process.poll() is None:
      process.kill()
    process.communicate()

  def test_help_has_examples(self):
    done = run('--help')
    self.assertEqual(done.returncode, OK)
    for text in ('--check-config', '--listen', '--devices-socket', 'Examples:',
                 '/etc/oriel/orield.conf'):
      self.assertIn(text, done.stdout)

  def test_version(self):
    done = run('--version')
    self.assertEqual(done.returncode, OK)
    self.assertRegex(done.stdout, r'^orield \d+\.\d+\.\d+\n$')

  def test_wrong_usage_is_told_and_exits_2(self):
    for arguments, text in (
        (['--no-such-flag'], '--no-such-flag'),
        (['--log-level', 'loud'], 'loud'),
        (['--listen', '0.0.0.0:1'], 'no TLS'),
        (['--listen', 'oriel.sock'], 'unix:/absolute/path'),
        (['--listen', 'unix:/a', '--listen', 'unix:/a'],
         'unix:/a is given twice'),
        (['--listen', '127.0.0.1:7', '--listen', 'localhost:7'],
         'localhost:7 is given twice'),
        (['--devices-socket', 'd.sock'], 'devices_socket: '),
        (['--config', '/nonexistent/o.conf'], '/nonexistent/o.conf')):
      with self.subTest(arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(text, done.stderr)

  def test_check_config_says_what_is_wrong(self):
    good = self.config('display { name: "a" vfio_user { socket: "/s" } }')
    done = run('--config', good, '--check-config')
    self.assertEqual((done.returncode, done.stderr), (OK, ''))
    bad = self.config('display {\n  nam: "a"\n}')
    done = run('--config', bad, '--check-config')
    self.assertEqual(done.returncode, USAGE)
    self.assertEqual(done.stderr, f'orield: {bad}:2:6: Display has no field "nam"; '
                     'did you mean "name"?\n')

  def test_it_serves_where_the_flag_says_and_ends_cleanly(self):
    config = self.config('listen { unix { path: "/nonexistent/o.sock" } }\n'
                         'display { name: "a" vfio_user { socket: "/s" } }')
    process, notices, ready = self.start(
        '--config', config, '--listen', 'unix:' + self.socket_path)
    self.assertIn('STATUS=Serving 1 displays on unix:' + self.socket_path,
                  ready)
    mode = os.stat(self.socket_path).st_mode
    self.assertTrue(stat.S_ISSOCK(mode))
    self.assertEqual(stat.S_IMODE(mode), 0o660)
    with socket.socket(socket.AF_UNIX) as client:
      client.connect(self.socket_path)

    process.send_signal(signal.SIGTERM)
    self.assertIn('STOPPING=1', notices.recv(4096).decode())
    _, log = process.communicate(timeout=LIMIT_S)
    self.assertEqual(process.returncode, OK, log)
    self.assertFalse(os.path.exists(self.socket_path))
    for event in ('event=display name=a', 'event=started', 'event=stopping',
                  'event=stopped'):
      self.assertIn(event, log)

  def test_it_pings_systemds_watchdog_until_it_is_stopped(self):
    process, notices, _ = self.start(
        '--listen', 'unix:' + self.socket_path, '--devices-socket',
        self.path('devices.sock'), WATCHDOG_USEC='40000')
    for _ in range(3):
      self.assertEqual(notices.recv(4096), b'WATCHDOG=1')
    process.send_signal(signal.SIGTERM)
    notice = notices.recv(4096)
    while notice == b'WATCHDOG=1':
      notice = notices.recv(4096)
    self.assertIn(b'STOPPING=1', notice)
    process.communicate(timeout=LIMIT_S)

  def test_without_displays_it_runs_and_says_so(self):
    devices = self.path('devices.sock')
    for socket_path, status in ((devices, 'Waiting for oriel-borrow at ' +
                                 devices), ('none', 'Serving no display')):
      with self.subTest(socket_path):
        process, notices, ready = self.start(
            '--config', self.config(''), '--listen', '127.0.0.1:0',
            '--devices-socket', socket_path)
        self.assertIn('STATUS=' + status, ready)
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=LIMIT_S)
        self.assertEqual(process.returncode, OK, log)
        self.assertIn('event=no_displays', log)
        notices.close()
        os.unlink(self.path('notify'))
    self.assertFalse(os.path.exists(devices))

  def test_a_devices_socket_of_ones_choice_must_be_there(self):
    for config, arguments, text in (
        ('', ['--devices-socket', '/nonexistent/d.sock'], '/nonexistent'),
        ('devices_socket { path: "/nonexistent/d.sock" }', [], '/nonexistent'),
        (f'devices_socket {{ path: "{self.path("d.sock")}" user: "nobody-1" }}',
         [], 'there is no user')):
      with self.subTest(text):
        done = run('--config', self.config(config), '--listen', '127.0.0.1:0',
                   *arguments)
        self.assertEqual(done.returncode, FAILURE)
        self.assertIn('event=not_started', done.stderr)
        self.assertIn(text, done.stderr)

  def test_a_launcher_offers_a_device(self):
    devices = self.path('devices.sock')
    process, _, _ = self.start('--config', self.config(''), '--listen',
                               'unix:' + self.socket_path, '--devices-socket',
                               devices, '--log-level', 'debug')
    vmm = subprocess.Popen(['sleep', '1000'])
    self.addCleanup(self.end, vmm)
    launcher = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    self.addCleanup(launcher.close)
    launcher.settimeout(LIMIT_S)
    launcher.connect(devices)
    say = lambda kind, fields, fds=(): socket.send_fds(
        launcher, [json.dumps({kind: fields}).encode()], fds)
    other_end, device = os.pipe()  # no VFIO device, which it says
    self.addCleanup(os.close, other_end)
    pidfd = os.pidfd_open(vmm.pid)
    say('hello', {'sender': 'test launcher'})
    say('offer', {'id': 1, 'display': 'win11', 'vm': 'win11',
                  'vmm_pid': vmm.pid}, [device, pidfd])
    os.close(device)
    os.close(pidfd)
    log = ''
    while 'event=attach_failed display=win11' not in log:
      log += process.stderr.readline()
    self.assertIn('the fd is no VFIO device', log)

    vmm.kill()
    vmm.wait()
    self.assertEqual(json.loads(launcher.recv(8192)), {'released': {'id': 1}})
    self.assertEqual(os.read(other_end, 1), b'', 'no copy is open any more')
    say('offer', {'id': 2, 'display': 'a', 'vmm_pid': 1})
    self.assertIn('0 fds', json.loads(launcher.recv(8192))['refused']['reason'])
    say('offer', {'id': 3, 'display': 'Windows 11 (test)', 'device': 'a/b'})
    refused = json.loads(launcher.recv(8192))['refused']
    self.assertEqual(refused['id'], 3)
    self.assertIn('offer.device has characters', refused['reason'])
    launcher.send(b'{"offer"')
    self.assertIn('sent a bad message',
                  json.loads(launcher.recv(8192))['notice']['text'])
    self.assertEqual(launcher.recv(8192), b'')

    process.send_signal(signal.SIGTERM)
    _, rest = process.communicate(timeout=LIMIT_S)
    self.assertEqual(process.returncode, OK, log + rest)
    log += rest
    for event in ('event=helper_connected sender="test launcher (pid '
                  f'{os.getpid()})" uid={os.getuid()}',
                  'event=borrowed display=win11', 'event=offer_ended',
                  f'win11 (pid {vmm.pid}) ended',
                  'event=released display=win11 ms=', 'event=offer_refused',
                  'event=helper_gone'):
      self.assertIn(event, log)

  def test_a_second_daemon_on_the_same_socket_fails(self):
    listen = ['--config', self.config(''), '--listen',
              'unix:' + self.socket_path]
    self.start(*listen)
    done = run(*listen)
    self.assertEqual(done.returncode, FAILURE)
    self.assertIn('another server listens there', done.stderr)
    with socket.socket(socket.AF_UNIX) as client:
      client.connect(self.socket_path)

  def test_a_killed_daemons_socket_is_replaced(self):
    listen = ['--config', self.config(''), '--listen',
              'unix:' + self.socket_path]
    process, notices, _ = self.start(*listen)
    process.kill()
    process.wait()
    notices.close()
    os.unlink(self.path('notify'))
    self.assertTrue(os.path.exists(self.socket_path))
    self.start(*listen)
    with socket.socket(socket.AF_UNIX) as client:
      client.connect(self.socket_path)


if __name__ == '__main__':
  orield = os.path.abspath(sys.argv.pop(1))
  unittest.main()
