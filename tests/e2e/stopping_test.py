#!/usr/bin/env python3
"""Every program ends soon, cleanly and so that it can start again at once,
whatever stands still at its other end."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case
import known_picture
import oriel_host
import x_screen

EXIT_FAILURE = 1
LIVELY = ('--scene', 'desktop')
SMALL = LIVELY + e2e_case.SMALL


class StoppingCase(e2e_case.E2eCase):

  def freeze(self, process):
    """As a debugger or a full machine does; ended before the host is."""
    process.popen.send_signal(signal.SIGSTOP)
    self.addCleanup(process.kill)

  def end(self, process, number=signal.SIGTERM):
    process.popen.send_signal(number)

  def assert_ended(self, process, status):
    # Only the last resort: what is asserted is how it ended.
    self.assertEqual(self.wait_for_end(process, timeout_s=90), status,
                     process.log())

  def signal_until_ended(self, process, number=signal.SIGTERM):
    def has_ended():
      process.popen.send_signal(number)
      return process.popen.poll() is not None
    oriel_host.wait_until(has_ended, f'the end of {process.name}')
    return process.popen.returncode

  def listen(self, name, kind=socket.SOCK_STREAM):
    """A socket in the host's folder whose server never answers."""
    server = socket.socket(socket.AF_UNIX, kind)
    self.addCleanup(server.close)
    server.bind(self.host.path(name))
    server.listen(16)
    return server

  def connect(self, name, kind=socket.SOCK_STREAM):
    client = socket.socket(socket.AF_UNIX, kind)
    self.addCleanup(client.close)
    client.connect(self.host.path(name))
    return client

  @staticmethod
  def fill(writer):
    """Writes to a pipe what fits."""
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
      while True:
        os.write(writer, b'x')
    os.set_blocking(writer, True)


class Orield(StoppingCase):

  DEVICES = 'devices.sock'

  def start_orield(self, config=''):
    return self.host.start_orield(
        config, '--devices-socket', self.host.path(self.DEVICES))

  def start_lively(self):
    """orield with one lively display; the device's process."""
    sim = self.host.start_sim('desktop', *LIVELY)
    self.config = self.host.display_config('desktop')
    self.start_orield(self.config)
    self.host.wait_for_state('desktop', 'ready')
    return sim

  def freeze_a_viewer(self):
    """A viewer that stands still and has more waiting than it may have."""
    watch = self.start_oriel('frozen', 'watch', 'desktop')
    self.wait_for_log(watch, 'exact')
    self.freeze(watch)
    self.run_oriel('watch', 'desktop', '--updates', '200')
    return watch

  def assert_sockets_gone(self):
    for name in ('oriel.sock', self.DEVICES):
      self.assertFalse(os.path.exists(self.host.path(name)), name)

  def assert_ends_and_starts_again(self, status=0):
    orield = self.host.orield
    self.end(orield)
    self.assert_ended(orield, status)
    self.assert_sockets_gone()
    self.start_orield()
    oriel_host.wait_until(lambda: self.host.oriel('list').returncode == 0,
                          'a daemon that serves again', [self.host.orield])
    return orield.log()

  def test_a_viewer_that_stands_still(self):
    self.start_lively()
    self.freeze_a_viewer()
    self.assert_says(self.assert_ends_and_starts_again(),
                     'event=connections_cut', 'event=stopped')

  def test_a_follower_of_the_list_that_stands_still(self):
    self.start_lively()
    follow = self.start_oriel('follow', 'list', '--follow')
    self.wait_for_log(follow, 'ready')
    self.freeze(follow)
    self.assert_says(self.assert_ends_and_starts_again(), 'event=stopped')

  def test_clients_that_say_nothing_or_half_a_word(self):
    self.start_lively()
    clients = [self.connect('oriel.sock') for _ in range(4)]
    clients[1].sendall(b'PRI * HTTP/2.0')
    clients[2].sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    clients[3].sendall(b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0')
    self.connect(self.DEVICES, socket.SOCK_SEQPACKET)
    self.assert_says(self.assert_ends_and_starts_again(), 'event=stopped')

  def test_a_device_that_answers_nothing_any_more(self):
    sim = self.start_lively()
    watch = self.start_oriel('watch', 'watch', 'desktop')
    self.wait_for_log(watch, 'exact')
    self.freeze(sim)
    log = self.assert_ends_and_starts_again()
    self.assert_says(log, 'event=stopped')
    self.assertNotIn('did not end', log)
    self.assert_says(watch.log(), 'the daemon stops')

  def test_a_device_that_never_answers_its_first_question(self):
    listener = self.listen('silent.sock')
    self.start_orield(self.host.display_config('silent'))
    connection, _ = listener.accept()
    self.addCleanup(connection.close)
    self.assertTrue(connection.recv(1))
    log = self.assert_ends_and_starts_again()
    self.assert_says(log, 'event=stopped')
    self.assertNotIn('did not end', log)

  def test_a_log_that_nobody_reads(self):
    self.start_lively()
    self.host.orield.stop()
    reader, writer = os.pipe()
    for end in (reader, writer):
      self.addCleanup(os.close, end)
    orield = oriel_host.Process(
        'orield', [e2e_case.programs['orield'], '--config',
                   self.host.path('oriel.conf'), '--listen', self.host.server,
                   '--devices-socket', self.host.path(self.DEVICES)],
        f'/dev/fd/{writer}')
    self.addCleanup(orield.kill)
    log = b''
    while b'event=started' not in log:
      log += os.read(reader, 1 << 16)
    self.fill(writer)
    self.end(orield)
    self.assertEqual(orield.popen.wait(90), EXIT_FAILURE)
    self.assert_sockets_gone()

  def test_a_second_signal_leaves_no_socket(self):
    self.start_lively()
    self.freeze_a_viewer()
    orield = self.host.orield
    # The grace is longer than a repeat; what ends it sooner is a second signal.
    self.signal_until_ended(orield)
    self.assertIn(orield.popen.returncode, (0, 128 + signal.SIGTERM))
    self.assert_sockets_gone()

  def test_the_next_daemon_need_not_wait_for_the_grace(self):
    self.start_lively()
    self.freeze_a_viewer()
    old = self.host.orield
    self.end(old)
    oriel_host.wait_until(
        lambda: not os.path.exists(self.host.path('oriel.sock')),
        'the socket to go')
    self.assert_sockets_gone()
    self.start_orield(self.config)
    self.host.wait_for_state('desktop', 'ready')
    self.assert_ended(old, 0)
    # The old one's end took nothing away that is the new one's.
    self.run_oriel('list')

  def test_what_a_kill_left_is_taken_over_and_what_serves_is_not(self):
    self.start_lively()
    self.host.orield.kill()
    for name in ('oriel.sock', self.DEVICES):
      self.assertTrue(os.path.exists(self.host.path(name)), name)
    served = self.start_orield(self.config)
    self.host.wait_for_state('desktop', 'ready')
    self.freeze(served)
    refused = self.start_orield(self.config)
    self.assert_ended(refused, EXIT_FAILURE)
    self.assert_says(refused.log(), 'another server listens there')

  def test_a_signal_while_it_starts_is_a_clean_end(self):
    orield = self.start_orield()
    # Before it hears signals, one ends it as any other program.
    status = self.signal_until_ended(orield)
    self.assertIn(status, (0, 128 + signal.SIGTERM, -signal.SIGTERM),
                  orield.log())
    if status != -signal.SIGTERM:
      self.assert_sockets_gone()


class Sim(StoppingCase):

  def assert_ends_and_starts_again(self, sim, number=signal.SIGTERM):
    self.end(sim, number)
    self.assert_ended(sim, 0)
    self.assertFalse(os.path.exists(self.host.path('desktop.sock')))
    again = self.host.start_sim('desktop', *SMALL)
    self.connect('desktop.sock')
    return again

  def test_clients_that_stand_still_or_say_nothing(self):
    sims = self.start_displays(desktop=SMALL)
    watch = self.start_oriel('watch', 'watch', 'desktop')
    self.wait_for_log(watch, 'exact')
    self.connect('desktop.sock')
    self.connect('desktop.sock').sendall(b'half a header')
    self.freeze(self.host.orield)
    self.assert_ends_and_starts_again(sims['desktop'])

  def test_each_signal_ends_it_cleanly_also_when_it_comes_twice(self):
    sim = self.host.start_sim('desktop', *SMALL)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
      with self.subTest(number):
        self.end(sim, number)
        sim = self.assert_ends_and_starts_again(sim, number)


class Borrow(StoppingCase):

  def start_borrow(self):
    return self.host.start(
        'borrow', [e2e_case.programs['oriel-borrow'], '--socket',
                   self.host.path('devices.sock')])

  def test_an_orield_that_never_answers(self):
    listener = self.listen('devices.sock', socket.SOCK_SEQPACKET)
    borrow = self.start_borrow()
    connection, _ = listener.accept()
    self.addCleanup(connection.close)
    self.assertTrue(connection.recv(4096))
    for _ in range(2):
      self.end(borrow)
    self.assert_ended(borrow, 0)

  def test_an_orield_that_is_not_there(self):
    borrow = self.start_borrow()
    self.wait_for_log(borrow, 'event=waiting')
    self.end(borrow, signal.SIGHUP)
    self.assert_ended(borrow, 0)


class Oriel(StoppingCase):

  def setUp(self):
    super().setUp()
    self.start_displays(desktop=LIVELY)

  def test_a_recording_of_a_daemon_that_stands_still_is_complete(self):
    self.require('ffprobe')
    path = self.host.path('r.mp4')
    record = self.start_oriel('record', 'record', 'desktop', '-o', path)
    oriel_host.wait_until(
        lambda: os.path.exists(path) and os.path.getsize(path) > 100000,
        'something recorded', [record])
    self.freeze(self.host.orield)
    self.end(record, signal.SIGINT)
    self.assert_ended(record, 0)
    self.assert_plays(path)

  def assert_plays(self, path):
    done = subprocess.run(
        ['ffprobe', '-v', 'error', '-count_packets', '-show_entries',
         'stream=nb_read_packets', '-of', 'csv=p=0', path],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
    self.assertEqual((done.returncode, done.stderr), (0, ''))
    self.assertGreater(int(done.stdout), 0)

  def test_commands_end_though_the_daemon_stands_still(self):
    image = self.host.path('watched.png')
    watch = self.start_oriel('watch', 'watch', 'desktop', '--output-image',
                             image)
    follow = self.start_oriel('follow', 'list', '--follow')
    self.wait_for_log(watch, 'exact')
    self.wait_for_log(follow, 'ready')
    self.freeze(self.host.orield)
    # One that begins now gets no answer at all.
    listing = self.start_oriel('list', 'list')
    for process in (watch, follow):
      self.end(process, signal.SIGTERM)
      self.assert_ended(process, 0)
    self.assertTrue(known_picture.decode_rgb(image))
    # Nothing would be lost by its end, so nobody is waited for.
    self.signal_until_ended(listing, signal.SIGINT)

  def test_a_server_that_never_answers(self):
    self.listen('silent.sock')
    environment = dict(self.host.environment(),
                       ORIEL_SERVER=f'unix:{self.host.path("silent.sock")}')
    for command in (['list'], ['watch', 'x'], ['record', 'x', '-o', 'x.mp4']):
      with self.subTest(command[0]):
        process = self.host.start(
            command[0], [e2e_case.programs['oriel']] + command,
            env=environment)
        # Before it hears signals, one ends it as any other program.
        self.signal_until_ended(process)
        self.assertIn(process.popen.returncode,
                      (128 + signal.SIGTERM, -signal.SIGTERM))

  def test_output_that_nobody_reads_costs_no_picture(self):
    image = self.host.path('watched.png')
    reader, writer = os.pipe()
    self.addCleanup(os.close, reader)
    # Four pages: more than what comes before the first picture.
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4 * 4096)
    errors = self.host.path('errors')
    with open(errors, 'wb') as log:
      watch = subprocess.Popen(
          [e2e_case.programs['oriel'], 'watch', 'desktop', '--output-image',
           image], env=self.host.environment(), stdin=subprocess.DEVNULL,
          stdout=writer, stderr=log)
    self.addCleanup(watch.wait)
    self.addCleanup(watch.kill)
    # Full: what it has to say next does not fit.
    poll = select.poll()
    poll.register(writer, select.POLLOUT)
    oriel_host.wait_until(lambda: not poll.poll(0), 'a full pipe')
    os.close(writer)
    watch.send_signal(signal.SIGINT)
    self.assertEqual(watch.wait(90), EXIT_FAILURE)
    with open(errors, encoding='utf-8') as log:
      self.assert_says(log.read(), 'nobody reads it')
    self.assertTrue(known_picture.decode_rgb(image))

  def test_a_signal_that_comes_twice_is_one(self):
    self.require('ffprobe')
    for ending in ('mp4', 'mkv'):
      with self.subTest(ending):
        path = self.host.path(f'twice.{ending}')
        record = self.start_oriel(f'record-{ending}', 'record', 'desktop',
                                  '-o', path)
        oriel_host.wait_until(
            lambda: os.path.exists(path) and os.path.getsize(path) > 100000,
            'something recorded', [record])
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
          self.end(record, number)
        self.assert_ended(record, 0)
        self.assert_plays(path)
    image = self.host.path('twice.png')
    watch = self.start_oriel('watch', 'watch', 'desktop', '--output-image',
                             image)
    self.wait_for_log(watch, 'exact')
    for _ in range(2):
      self.end(watch)
    self.assert_ended(watch, 0)
    self.assertTrue(known_picture.decode_rgb(image))


class Viewer(StoppingCase):

  def setUp(self):
    super().setUp()
    self.require('Xvfb')
    self.screen = x_screen.XScreen(self.host, 800, 600)

  def start_viewer(self, server=None):
    viewer = self.screen.start(
        'viewer', [e2e_case.programs['oriel-viewer'], '--wait', 'desktop'],
        ORIEL_SERVER=server or self.host.server)
    before = self.screen.picture()
    oriel_host.wait_until(lambda: self.screen.picture() != before,
                          'a window', [viewer])
    return viewer

  def test_a_daemon_that_stands_still(self):
    self.start_displays(desktop=SMALL)
    viewer = self.start_viewer()
    self.freeze(self.host.orield)
    for _ in range(2):
      self.end(viewer)
    self.assert_ended(viewer, 0)

  def test_a_server_that_never_answers(self):
    self.listen('silent.sock')
    viewer = self.start_viewer(f'unix:{self.host.path("silent.sock")}')
    self.end(viewer, signal.SIGINT)
    self.assert_ended(viewer, 0)
    self.assertNotIn('did not end', viewer.log())

  def test_a_display_server_that_stands_still(self):
    self.start_displays(desktop=SMALL)
    viewer = self.start_viewer()
    self.freeze(self.screen.process)
    self.end(viewer, signal.SIGHUP)
    # It may have been waiting for nothing of the display server just then.
    self.assertIn(self.wait_for_end(viewer, timeout_s=90), (0, EXIT_FAILURE))


if __name__ == '__main__':
  e2e_case.main()
