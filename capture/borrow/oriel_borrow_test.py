#!/usr/bin/env python3
"""The program oriel-borrow: command line, connection, capabilities, its end."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

OK, FAILURE, USAGE = 0, 1, 2
# Sanitizers and a busy machine are slow.
LIMIT_S = 60
NOBODY = 65534
CAPABILITIES = '+sys_ptrace,+dac_read_search'


def run(*command):
  return subprocess.run(command, stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        encoding='utf-8', timeout=LIMIT_S)


class CommandLine(unittest.TestCase):

  def test_help_has_examples(self):
    done = run(program, '--help')
    self.assertEqual(done.returncode, OK)
    self.assertIn('oriel-borrow --list', done.stdout)

  def test_version(self):
    self.assertIn('oriel-borrow 0.', run(program, '--version').stdout)

  def test_wrong_options_are_usage_errors(self):
    for arguments in (['--nonsense'], ['--json'], ['--log-level', 'loud']):
      self.assertEqual(run(program, *arguments).returncode, USAGE, arguments)


class Daemon(unittest.TestCase):

  def setUp(self):
    # Not TEST_TMPDIR: socket paths are limited to 107 bytes.
    self.folder = tempfile.mkdtemp(prefix='oriel-borrow-')
    self.addCleanup(shutil.rmtree, self.folder)
    os.chmod(self.folder, 0o755)
    self.path = os.path.join(self.folder, 'devices.sock')

  def listen(self):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(self.path)
    os.chmod(self.path, 0o666)
    listener.listen()
    listener.settimeout(LIMIT_S)
    self.addCleanup(listener.close)
    return listener

  def accept(self, listener):
    connection, _ = listener.accept()
    connection.settimeout(LIMIT_S)
    self.addCleanup(connection.close)
    return connection

  def start(self, *prefix, **variables):
    notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify = os.path.join(self.folder, 'notify')
    notices.bind(notify)
    os.chmod(notify, 0o666)
    notices.settimeout(LIMIT_S)
    self.addCleanup(notices.close)
    process = subprocess.Popen(
        [*prefix, program, '--socket', self.path],
        env=dict(os.environ, NOTIFY_SOCKET=notify, **variables), stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, encoding='utf-8')
    self.addCleanup(self.end, process)
    return process, notices

  def end(self, process):
    if process.poll() is None:
      process.kill()
    process.communicate()

  def test_waits_for_orield_and_connects_again(self):
    process, notices = self.start()
    self.assertIn('READY=1', notices.recv(4096).decode())
    self.assertIn('Waiting for orield', notices.recv(4096).decode())
    listener = self.listen()
    for _ in range(3):
      connection = self.accept(listener)
      hello = json.loads(connection.recv(8192))
      self.assertIn('oriel-borrow', hello['hello']['sender'])
      connection.close()
    process.send_signal(signal.SIGTERM)
    self.assertEqual(process.wait(LIMIT_S), OK)
    log = process.stderr.read()
    # Once, not at each try.
    for event in ('waiting', 'connected', 'disconnected'):
      self.assertEqual(log.count(f'event={event} '), 1, log)

  def test_pings_systemds_watchdog_with_and_without_orield(self):
    _, notices = self.start(WATCHDOG_USEC='40000')
    def await_pings():
      for _ in range(3):
        while notices.recv(4096) != b'WATCHDOG=1':
          pass
    await_pings()
    listener = self.listen()
    # One that hangs does not hang this one.
    self.accept(listener)
    await_pings()

  def test_leaves_an_orield_that_talks_nonsense(self):
    listener = self.listen()
    self.start()
    connection = self.accept(listener)
    connection.recv(8192)
    connection.send(b'nonsense')
    self.accept(listener)

  @unittest.skipUnless(os.geteuid() == 0, 'gives capabilities away')
  def test_without_capabilities_it_says_what_to_grant(self):
    listener = self.listen()
    self.start('setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}',
               '--clear-groups', '--inh-caps=-all', '--bounding-set=-all')
    connection = self.accept(listener)
    self.assertIn('hello', json.loads(connection.recv(8192)))
    text = json.loads(connection.recv(8192))['notice']['text']
    self.assertIn('lacks CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH', text)
    self.assertIn('AmbientCapabilities', text)


@unittest.skipUnless(os.geteuid() == 0, 'looks into another user\'s process')
class OtherUsersProcess(unittest.TestCase):
  """A process that looks like a VMM, under a uid of its own."""

  def setUp(self):
    script = ('import os; open("/proc/self/comm", "w").write("qemu-test"); '
              'os.setgid(1234); os.setuid(1234); print(flush=True); input()')
    # Its fds can be listed only with CAP_DAC_READ_SEARCH, its links read only
    # with CAP_SYS_PTRACE.
    self.vmm = subprocess.Popen([sys.executable, '-c', script],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    self.addCleanup(self.end)
    self.vmm.stdout.readline()

  def end(self):
    self.vmm.communicate(b'\n')

  def problems(self, capabilities):
    drop = ['setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}',
            '--clear-groups', f'--inh-caps=-all{capabilities}',
            f'--ambient-caps=-all{capabilities}']
    done = run(*drop, program, '--list', '--json')
    return json.loads(done.stdout)['problems']

  def test_the_two_capabilities_are_enough(self):
    told = [p for p in self.problems(',' + CAPABILITIES)
            if 'lacks' in p or f'(pid {self.vmm.pid})' in p]
    self.assertEqual(told, [])

  def test_one_alone_is_not(self):
    self.assertIn('lacks CAP_DAC_READ_SEARCH',
                  self.problems(',+sys_ptrace')[0])
    self.assertIn('lacks CAP_SYS_PTRACE',
                  self.problems(',+dac_read_search')[0])


if __name__ == '__main__':
  built = os.path.abspath(sys.argv.pop(1))
  # Where every user may run it.
  with tempfile.TemporaryDirectory(prefix='oriel-borrow-') as folder_:
    os.chmod(folder_, 0o755)
    program = shutil.copy(built, folder_)
    unittest.main()
