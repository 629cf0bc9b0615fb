#!/usr/bin/env python3
"""A pointer on a cursor plane travels beside the picture."""

import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case
import known_picture
import oriel_host
import x_screen

PATTERN = ('--scene', 'pattern') + e2e_case.SMALL
WIDTH, HEIGHT = 640, 480
POINTER_PX = 32


def changed_box(a, b):
  """(left, top, right, bottom) of where two RGB pictures differ, or None."""
  pixels = [i // 3 for i in range(len(a)) if a[i] != b[i]]
  if not pixels:
    return None
  xs, ys = [p % WIDTH for p in pixels], [p // WIDTH for p in pixels]
  return min(xs), min(ys), max(xs) + 1, max(ys) + 1


class Pointer(e2e_case.E2eCase):

  def setUp(self):
    super().setUp()
    self.require('ffmpeg')

  def snapshot(self, display, *options):
    """RGB."""
    path = self.host.path(f'{display}.png')
    self.run_oriel('snapshot', display, '-o', path, *options)
    return known_picture.decode_rgb(path)

  def test_it_moves_without_updates_and_the_picture_stays_exact(self):
    self.start_displays(with_pointer=PATTERN + ('--cursor',),
                        without=PATTERN)
    image = self.host.path('watched.png')
    events = [json.loads(line) for line in self.run_oriel(
        'watch', 'with_pointer', '--json', '--duration', '9s',
        '--output-image', image).stdout.splitlines()]
    moves = [e for e in events if e['event'] == 'cursor']
    summary = events[-1]
    self.assertGreater(len(moves), 30)
    self.assertEqual(summary['pointer_events'], len(moves))
    self.assertTrue(summary['exact'])
    # Nothing in the picture changes after it has come, in however many parts.
    updates = [e for e in events if e['event'] == 'update']
    come = next(i for i, e in enumerate(updates) if e['exact'])
    self.assertEqual(updates[come + 1:], [])
    # The shape once; nowhere at least once in eight seconds; hot spot known.
    self.assertEqual([e['width_px'] for e in moves if 'width_px' in e],
                     [POINTER_PX])
    self.assertTrue([e for e in moves if not e['visible']])
    self.assertTrue(all(e['hot_x_px'] == 0 and e['shape_known']
                        for e in moves if e['visible']))
    expected = self.snapshot('without')
    self.assertEqual(known_picture.decode_rgb(image), expected)

  def test_a_snapshot_has_it_unless_not_wanted(self):
    self.start_displays(with_pointer=PATTERN + ('--cursor',),
                        without=PATTERN)
    expected = self.snapshot('without')
    self.assertEqual(self.snapshot('with_pointer', '--no-cursor'), expected)
    # It is nowhere for a second now and then.
    box = oriel_host.wait_until(
        lambda: changed_box(self.snapshot('with_pointer'), expected),
        'a pointer in a snapshot')
    left, top, right, bottom = box
    self.assertLessEqual(right - left, POINTER_PX)
    self.assertLessEqual(bottom - top, POINTER_PX)

  def test_a_driver_that_answers_with_the_primary_plane_has_none(self):
    self.start_displays(mdpy=PATTERN + ('--cursor=primary',))
    done = self.run_oriel('watch', 'mdpy', '--json', '--duration', '1s')
    summary = json.loads(done.stdout.splitlines()[-1])
    self.assertEqual(summary['pointer_events'], 0)
    self.assertTrue(summary['exact'])


class PointerInTheViewer(e2e_case.E2eCase):

  def test_the_viewer_draws_it_above_the_picture(self):
    for program in ('Xvfb', 'import', 'xdotool', 'ffmpeg'):
      self.require(program)
    self.start_displays(with_pointer=PATTERN + ('--cursor',),
                        without=PATTERN)
    path = self.host.path('expected.png')
    self.run_oriel('snapshot', 'without', '-o', path)
    expected = known_picture.decode_rgb(path)
    screen = x_screen.XScreen(self.host, 800, 600)
    screen.start('viewer', [e2e_case.programs['oriel-viewer'], '--server',
                            self.host.environment()['ORIEL_SERVER'],
                            'with_pointer'])
    window = screen.wait_for_window('oriel-viewer')
    shot = self.host.path('shot.png')

    def small_difference():
      screen.run(['import', '-window', window, shot])
      shown = known_picture.decode_rgb(shot)
      if len(shown) != len(expected):
        return None  # the window has no picture yet
      box = changed_box(shown, expected)
      if box is None or max(box[2] - box[0], box[3] - box[1]) > POINTER_PX:
        return None
      return box
    oriel_host.wait_until(small_difference, 'a pointer in the window')


if __name__ == '__main__':
  e2e_case.main()
