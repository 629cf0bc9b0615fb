#!/usr/bin/env python3
"""oriel-viewer as its user meets it: a window on a real screen."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case
import known_picture
import oriel_host
import x_screen

WIDTH, HEIGHT = 640, 480
FACTOR = 4


def averaged(rgb):
  """The picture at a quarter of its size, each pixel the mean of sixteen."""
  shrunk = bytearray()
  for y in range(0, HEIGHT, FACTOR):
    for x in range(0, WIDTH, FACTOR):
      for channel in range(3):
        total = sum(rgb[((y + v) * WIDTH + x + u) * 3 + channel]
                    for v in range(FACTOR) for u in range(FACTOR))
        shrunk.append((total + FACTOR * FACTOR // 2) // (FACTOR * FACTOR))
  return bytes(shrunk)


class Viewer(e2e_case.E2eCase):

  def setUp(self):
    super().setUp()
    for program in ('Xvfb', 'import', 'xdotool', 'ffmpeg'):
      self.require(program)
    self.start_displays(pattern=('--scene', 'pattern') + e2e_case.SMALL)
    self.screen = x_screen.XScreen(self.host, 800, 600)

  def command(self, *arguments):
    return [e2e_case.programs['oriel-viewer'], '--server',
            self.host.environment()['ORIEL_SERVER']] + list(arguments)

  def shot(self):
    """What the window shows; None while there is none to be taken."""
    path = self.host.path('shot.png')
    # SDL may make its window anew; of one that has gone import does not say
    # so, but waits for somebody to click on another.
    self.window = self.screen.wait_for_window('oriel-viewer')
    try:
      self.screen.run(['import', '-window', self.window, path], timeout=10)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
      return None
    return known_picture.decode_rgb(path)

  def open_window(self):
    """Returns what the display shows, once the window shows the same."""
    path = self.host.path('expected.png')
    self.run_oriel('snapshot', 'pattern', '-o', path)
    expected = known_picture.decode_rgb(path)
    self.viewer = self.screen.start('viewer', self.command('pattern'))
    self.window = self.screen.wait_for_window('oriel-viewer')
    self.wait_for_shot(expected, 'the picture in the window')
    return expected

  def wait_for_shot(self, expected, what):
    oriel_host.wait_until(lambda: self.shot() == expected, what, [self.viewer])

  def press(self, key, **options):
    self.screen.run(['xdotool', 'key', '--window', self.window, key],
                    **options)

  def test_a_small_window_shows_means(self):
    expected = averaged(self.open_window())
    self.screen.run(['xdotool', 'windowsize', self.window,
                     str(WIDTH // FACTOR), str(HEIGHT // FACTOR)])
    self.wait_for_shot(expected, 'the means')

  def test_esc_does_not_close_it_and_q_does(self):
    expected = self.open_window()
    self.press('Escape')
    # Keys come in order: once these are shown, Esc was handled.
    self.press('h')
    oriel_host.wait_until(lambda: self.shot() not in (None, expected),
                          'the keys', [self.viewer])
    self.press('h')
    self.wait_for_shot(expected, 'the picture without keys')
    # Its press closes the window, maybe before its release is sent there.
    self.press('q', check=False, stderr=subprocess.DEVNULL)
    # Its status is not judged: beside a key's release for a window that has
    # gone, the X library now and then ends the viewer with an error of its own.
    self.wait_for_end(self.viewer)

  def test_an_unknown_name_ends_it_with_those_that_are_near(self):
    done = subprocess.run(
        self.command('patern'), env=self.screen.environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding='utf-8', timeout=60)
    self.assertEqual(done.returncode, 3)
    self.assert_says(done.stderr, 'oriel-viewer: there is no display',
                     'patern', 'pattern')


if __name__ == '__main__':
  e2e_case.main()
