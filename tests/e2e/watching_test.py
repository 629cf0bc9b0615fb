#!/usr/bin/env python3
"""What a viewer gets is what the device shows."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import e2e_case
import known_picture
import oriel_host
import x_screen


class Listing(e2e_case.E2eCase):

  def test_list_and_show_tell_each_display(self):
    self.start_displays(left=('--scene', 'pattern') + e2e_case.SMALL,
                        right=('--scene', 'desktop') + e2e_case.SMALL)
    self.run_oriel('snapshot', 'left', '-o', self.host.path('left.png'))
    names = [line.split()[0] for line in
             self.run_oriel('list').stdout.splitlines()[1:]]
    self.assertEqual(names, ['left', 'right'])
    listed = json.loads(self.run_oriel('list', '--json').stdout)
    displays = listed if isinstance(listed, list) else listed['displays']
    self.assertEqual([d['name'] for d in displays], ['left', 'right'])
    shown = json.loads(self.run_oriel('show', 'left', '--json').stdout)
    self.assertEqual((shown['width_px'], shown['height_px'], shown['fourcc']),
                     (640, 480, 'XR24'))


class LivelyDesktop(e2e_case.E2eCase):

  def test_a_long_watch_finds_no_fault_in_any_update(self):
    self.start_displays(desktop=('--scene', 'desktop'))
    for encoding in ('lossless', 'h264'):
      with self.subTest(encoding):
        done = self.run_oriel('watch', 'desktop', '--encoding', encoding,
                              '--updates', '400')
        self.assert_says(done.stdout + done.stderr, ' 0 resyncs')


class LiveScreen(e2e_case.E2eCase):
  """Xvfb's own screen file as the vendor's framebuffer."""

  def setUp(self):
    super().setUp()
    for program in ('Xvfb', 'xterm', 'import', 'xdotool', 'ffmpeg'):
      self.require(program)
    self.screen = x_screen.XScreen(self.host)
    # A photograph-like background and a terminal.
    background = self.host.path('background.png')
    self.screen.run(['convert', '-seed', '1', '-size', '1920x1080',
                     'plasma:blue-yellow', background])
    # It ends with 1 although it did what it was asked for.
    subprocess.run(['display', '-window', 'root', background],
                   env=self.screen.environment())
    self.screen.start('xterm', [
        'xterm', '-geometry', '100x40+200+150', '-e', 'sh', '-c',
        'ls -l --color=always /usr/bin | head -100; exec cat'])
    self.screen.wait_for_window('xterm')
    options = ('--scene', f'xwd:{self.screen.file}')
    self.host.start_sim('screen', *options)
    self.host.start_orield(self.host.display_config(
        'screen', self.host.framebuffer_config(*options)))
    self.host.wait_for_state('screen', 'ready')

  def root_pixels(self):
    """The screen as X itself tells it, once it stands still."""
    path = self.host.path('root.png')
    last = b''
    def still():
      nonlocal last
      self.screen.run(['import', '-window', 'root', path])
      pixels = known_picture.decode_rgb(path)
      same, last = pixels == last, pixels
      return same
    oriel_host.wait_until(still, 'a screen at rest')
    return last

  def test_snapshot_equals_import_pixel_for_pixel(self):
    expected = self.root_pixels()
    path = self.host.path('snapshot.png')
    self.run_oriel('snapshot', 'screen', '--output', path)
    self.assertTrue(known_picture.decode_rgb(path) == expected,
                    'the pictures differ')

  def test_lossless_watch_ends_exact_with_the_same_picture(self):
    expected = self.root_pixels()
    path = self.host.path('watch.png')
    self.run_oriel('watch', 'screen', '--encoding', 'lossless',
                   '--until-exact', '--output-image', path)
    self.assertTrue(known_picture.decode_rgb(path) == expected,
                    'the pictures differ')

  def test_lossless_watch_is_exact_after_much_has_changed(self):
    path = self.host.path('watch.png')
    watch = self.start_oriel('watch', 'watch', 'screen', '--encoding',
                             'lossless', '--output-image', path)
    self.wait_for_log(watch, 'exact')
    self.screen.run(['xdotool', 'mousemove', '500', '400'])
    for key in ('l', 's', 'Return', 'Return', 'Return'):
      self.screen.run(['xdotool', 'key', key])
    self.screen.run(['xdotool', 'search', '--class', 'xterm', 'windowmove',
                     '900', '420'])
    expected = self.root_pixels()
    # What is exact with a viewer that begins now is so for the older one,
    # once it shows as much.
    self.run_oriel('watch', 'screen', '--encoding', 'lossless',
                   '--until-exact')
    watch.popen.send_signal(2)
    self.wait_for_end(watch)
    self.assertTrue(known_picture.decode_rgb(path) == expected,
                    'the pictures differ')


class Recording(e2e_case.E2eCase):

  def probe(self, path):
    done = subprocess.run(
        ['ffprobe', '-v', 'error', '-count_packets', '-show_streams',
         '-show_format', '-of', 'json', path], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, encoding='utf-8')
    self.assertEqual((done.returncode, done.stderr), (0, ''))
    probed = json.loads(done.stdout)
    return probed['streams'], float(probed['format']['duration'])

  def check(self, path, least_s, most_s):
    (stream,), duration = self.probe(path)
    self.assertEqual((stream['codec_name'], stream['width'],
                      stream['height']), ('h264', 1920, 1080))
    self.assertGreaterEqual(duration, least_s)
    self.assertLessEqual(duration, most_s)
    self.assertGreater(int(stream['nb_read_packets']), 5)
    times = [float(t) for t in subprocess.run(
        ['ffprobe', '-v', 'error', '-show_entries', 'packet=pts_time', '-of',
         'csv=p=0', path], stdout=subprocess.PIPE, check=True,
        encoding='utf-8').stdout.replace(',', '').split()]
    self.assertEqual(times, sorted(set(times)))
    # Every frame decodes.
    done = subprocess.run(
        ['ffmpeg', '-nostdin', '-v', 'error', '-i', path, '-vsync',
         'passthrough', '-enc_time_base', '-1', '-f', 'rawvideo', '-y',
         '/dev/null'],
        stderr=subprocess.PIPE, encoding='utf-8')
    self.assertEqual((done.returncode, done.stderr), (0, ''))

  def test_mp4_and_mkv_of_the_desktop_play_as_long_as_they_were_made(self):
    self.require('ffprobe')
    self.start_displays(desktop=('--scene', 'desktop'))
    for ending in ('mp4', 'mkv'):
      with self.subTest(ending):
        path = self.host.path(f'recording.{ending}')
        self.run_oriel('record', 'desktop', '--output', path, '--duration',
                       '4s')
        self.check(path, 3.0, 6.0)

  def test_ctrl_c_leaves_a_clean_file(self):
    self.require('ffprobe')
    self.start_displays(desktop=('--scene', 'desktop'))
    path = self.host.path('recording.mp4')
    record = self.start_oriel('record', 'record', 'desktop', '--output', path)
    oriel_host.wait_until(
        lambda: os.path.exists(path) and os.path.getsize(path) > 1000000,
        'something recorded', [record])
    record.popen.send_signal(2)
    self.assertEqual(self.wait_for_end(record), 0, record.log())
    self.check(path, 0.2, 60)


if __name__ == '__main__':
  e2e_case.main()
