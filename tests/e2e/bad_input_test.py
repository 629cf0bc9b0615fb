#!/usr/bin/env python3
"""Wrong input gets a clear error that tells the way out."""

import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case

EXIT_USAGE = 2
EXIT_NO_SUCH_DISPLAY = 3


class Flags(e2e_case.E2eCase):

  def run_program(self, name, *arguments, **kwargs):
    options = dict(stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                   stderr=subprocess.PIPE, encoding='utf-8', timeout=60)
    options.update(kwargs)
    return subprocess.run([e2e_case.programs[name]] + list(arguments),
                          **options)

  def test_every_program_refuses_wrong_usage_in_the_same_words(self):
    self.assertEqual(len(e2e_case.programs), 5)
    for name in e2e_case.programs:
      with self.subTest(name):
        done = self.run_program(name, '--no-such-flag')
        self.assertEqual(done.returncode, EXIT_USAGE)
        self.assertEqual(done.stdout, '')
        self.assertEqual(done.stderr, f"{name}: unknown flag '--no-such-flag'\n"
                                      f'See: {name} --help\n')

  def test_every_program_tells_its_name_and_the_one_version(self):
    versions = set()
    for name in e2e_case.programs:
      with self.subTest(name):
        done = self.run_program(name, '--version')
        self.assertEqual(done.returncode, 0, done.stderr)
        told, version = done.stdout.split()
        self.assertEqual(told, name)
        versions.add(version)
        self.assertIn(f'Usage: {name} ', self.run_program(name, '--help').stdout)
    self.assertEqual(len(versions), 1, versions)

  def test_every_program_says_that_standard_output_is_full(self):
    for name in e2e_case.programs:
      with self.subTest(name), open('/dev/full', 'wb') as full:
        done = self.run_program(name, '--help', stdout=full)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(
            done.stderr, f'{name}: cannot write to standard output: '
                         'No space left on device\n')

  def test_an_unknown_encoding_lists_those_there_are(self):
    done = self.run_oriel('watch', 'x', '--encoding', 'losless',
                          status=EXIT_USAGE)
    self.assert_says(done.stderr, 'losless', 'lossless', 'h264')


class Configuration(e2e_case.E2eCase):

  def refuse(self, config):
    """What orield says about a configuration that it does not take."""
    orield = self.host.start_orield(config)
    self.assertNotEqual(self.wait_for_end(orield), 0)
    return orield.log()

  def test_a_typo_is_told_with_its_place_and_the_nearest_name(self):
    log = self.refuse('display {\n  name: "a"\n  vfio_usr { socket: "/s" }\n}')
    self.assert_says(log, 'oriel.conf', ':3:', 'vfio_usr', 'vfio_user')

  def test_a_wrong_type_is_told_with_its_place(self):
    log = self.refuse('display {\n  name: "a"\n  max_rate_hz: "fast"\n}')
    self.assert_says(log, 'oriel.conf', ':3:', 'integer', 'fast')

  def test_two_displays_of_one_name_are_refused(self):
    display = self.host.display_config('twin')
    self.assert_says(self.refuse(display + display), 'twin')

  def test_a_missing_file_is_named(self):
    done = subprocess.run(
        [e2e_case.programs['orield'], '--config', '/nonexistent/oriel.conf'],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding='utf-8',
        timeout=60)
    self.assertNotEqual(done.returncode, 0)
    self.assert_says(done.stdout, '/nonexistent/oriel.conf', 'no such file')

  def test_an_address_that_others_could_reach_is_refused(self):
    log = self.refuse('listen { tcp { address: "0.0.0.0" port: 1 } }')
    self.assert_says(log, '0.0.0.0', 'loopback')


class Displays(e2e_case.E2eCase):

  def test_a_name_that_no_display_has_lists_near_ones(self):
    self.start_displays(desktop=('--scene', 'pattern') + e2e_case.SMALL)
    for command in (['show'], ['watch'], ['snapshot', '-o', '/dev/null'],
                    ['record', '-o', self.host.path('x.mkv')]):
      with self.subTest(command[0]):
        done = self.run_oriel(command[0], 'desktpo', *command[1:],
                              status=EXIT_NO_SUCH_DISPLAY)
        self.assert_says(done.stderr, 'desktpo', 'desktop')

  def test_no_daemon_is_told_with_the_way_out(self):
    done = self.run_oriel('list', status=4)
    self.assert_says(done.stderr, self.host.path('oriel.sock'), 'orield')

  def start_vendor_display(self, old, new):
    """With a changed line in the configuration of its framebuffer."""
    options = ('--scene', 'pattern', '--hide-plane-query') + e2e_case.SMALL
    framebuffer = self.host.framebuffer_config(*options)
    self.assertIn(old, framebuffer)
    self.host.start_sim('vendor', *options)
    return self.host.start_orield(self.host.display_config(
        'vendor', framebuffer.replace(old, new)))

  def test_rows_beyond_the_region_are_refused(self):
    self.start_vendor_display('height_px: 480', 'height_px: 16000')
    self.host.wait_for_state('vendor', 'unavailable', reason='640x16000')

  def test_an_unsupported_format_is_named_with_those_there_are(self):
    orield = self.start_vendor_display('XR24', 'YUYV')
    self.assertNotEqual(self.wait_for_end(orield), 0)
    self.assert_says(orield.log(), 'vendor', 'YUYV', 'XR24')


class EvilPeer:
  """A vfio-user socket whose peer breaks the protocol in one way."""

  def __init__(self, path, answer):
    self.listener = socket.socket(socket.AF_UNIX)
    self.listener.bind(path)
    self.listener.listen()
    self.answer = answer
    self.open = []
    threading.Thread(target=self._serve, daemon=True).start()

  def _serve(self):
    while True:
      connection, _ = self.listener.accept()
      self.open.append(connection)
      if self.answer is None:
        continue
      try:
        connection.recv(4096)
        connection.sendall(self.answer)
        connection.close()
      except OSError:
        pass


class EvilDevices(e2e_case.E2eCase):

  # What the peer answers, and what the reason speaks of.
  ANSWERS = {
      'silent': (None, 'answer'),
      'hangs-up': (b'', 'hangs-up.sock'),
      'half-header': (b'\x01\x00\x01\x00\x20', 'half-header.sock'),
      'garbage': (b'\xff' * 4096, 'vfio-user'),
      'huge': (b'\x01\x00\x01\x00\xff\xff\xff\x7f' + bytes([1] + 7 * [0]),
               '2147483647'),
  }

  def test_a_peer_that_breaks_the_protocol_harms_only_its_display(self):
    config = ''
    for name, (answer, _) in self.ANSWERS.items():
      EvilPeer(self.host.path(f'{name}.sock'), answer)
      config += self.host.display_config(name)
    self.host.start_sim('good', '--scene', 'pattern', *e2e_case.SMALL)
    self.host.start_orield(config + self.host.display_config('good'))
    self.host.wait_for_state('good', 'ready')
    for name, (_, reason) in self.ANSWERS.items():
      with self.subTest(name):
        shown = self.host.wait_for_state(name, 'unavailable', reason=reason)
        self.assert_says(shown['device'], f'{name}.sock')
    self.run_oriel('snapshot', 'good', '-o', self.host.path('good.png'))
    self.host.orield.check_running()


if __name__ == '__main__':
  e2e_case.main()
