#!/usr/bin/env python3
"""The bench for a moment, so that it cannot rot, and its arithmetic.

Usage: bench_test.py NAME=PATH...
"""

import os
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)

import bench
import case_results
import film
import goals
import measure
import plot
import report
import scan_speed
import web_page

programs = {}


class Latencies(unittest.TestCase):

  def test_a_sight_belongs_to_the_latest_drawing_of_its_code(self):
    drawn = [(1, 1000), (2, 201000), (1, 401000)]
    seen = [(1, 11000), (2, 231000), (1, 402000)]
    self.assertEqual(measure.latencies(drawn, seen), ([10.0, 30.0, 1.0], 0))

  def test_a_drawing_that_nobody_saw_is_missed_and_not_late(self):
    drawn = [(1, 1000), (2, 201000), (1, 401000)]
    seen = [(2, 231000), (1, 402000)]
    self.assertEqual(measure.latencies(drawn, seen), ([30.0, 1.0], 1))

  def test_percentiles_are_of_measured_values(self):
    self.assertEqual(measure.percentile([3, 1, 2], 50), 2)
    self.assertEqual(measure.percentile(range(100), 95), 95)


class Pictures(unittest.TestCase):

  def test_x_does_not_matter_and_colours_do(self):
    self.assertTrue(measure.same_picture(b'\1\2\3\4', b'\1\2\3\5'))
    for other in (b'\0\2\3\4', b'\1\0\3\4', b'\1\2\0\4', b''):
      self.assertFalse(measure.same_picture(b'\1\2\3\4', other))

  def test_ssim_is_the_brightness(self):
    self.assertEqual(film.ssim_of_log('SSIM Y:0.93 (11.5) U:0.9 All:0.91'),
                     0.93)

  def test_the_page_is_long_and_always_the_same(self):
    page = web_page.html(['a.png', 'b.png'])
    self.assertEqual(page, web_page.html(['a.png', 'b.png']))
    self.assertEqual(page.count('<h2>'), 24)
    self.assertIn('<img src="b.png">', page)


def typing_results(**kwargs):
  oriel = dict(cpu_ms_per_s=8.0, kb_per_s=1.0, latencies_ms=[9.0], exact=True)
  oriel.update(kwargs)
  return bench.Results(scenes={'typing': {
      'Oriel LOSSLESS': measure.Sample(**oriel),
      goals.PEER: measure.Sample(800.0, 100.0, 60.0, [20.0])}})


class Tables(unittest.TestCase):

  def not_met(self, results):
    return [goal.text for goal, _, value in goals.judge(results)
            if not goal.met(value)]

  def test_goals_are_met_at_their_limit_and_not_beyond(self):
    self.assertEqual(self.not_met(typing_results()), [])
    self.assertEqual(self.not_met(typing_results(cpu_ms_per_s=8.1)),
                     ['CPU ms/s'])
    self.assertEqual(self.not_met(typing_results(exact=False)),
                     ['exact after 2 s'])

  def test_what_was_not_measured_is_not_judged(self):
    found = goals.judge(typing_results(exact=None, latencies_ms=[]))
    self.assertEqual([goal.text for goal, _, _ in found], ['CPU ms/s', 'kB/s'])
    self.assertEqual(goals.judge(bench.Results()), [])

  def test_goals_are_adaptives_when_it_was_measured(self):
    results = typing_results()
    results.scenes['typing']['Oriel ADAPTIVE'] = measure.Sample(9.0)
    self.assertEqual({server for _, server, _ in goals.judge(results)},
                     {'Oriel ADAPTIVE'})

  def test_ratios_are_to_the_peer(self):
    row = report.table(typing_results()).splitlines()[2]
    self.assertTrue(row.endswith('| yes |  | 0.01 / 0.01 / 0.45 |'), row)

  def test_the_plot_draws_what_the_table_says(self):
    table = plot.read_table(report.text(typing_results()))
    self.assertEqual(table, {'typing': {'Oriel LOSSLESS': (8.0, 1.0),
                                        goals.PEER: (800.0, 100.0)}})
    drawing = xml.etree.ElementTree.fromstring(plot.svg(table))
    words = [element.text for element in drawing.iter() if element.text]
    self.assertIn('typing', words)
    self.assertIn('800', words)

  def test_scan_speeds_are_medians_of_runs_and_missing_ones_are_noticed(self):
    runs = [{'run_name': name, 'run_type': 'iteration',
             'bytes_per_second': speed * 1e9}
            for name, speed in (('BM_Scan/percent:0', 4), ('BM_Memcmp', 8),
                                ('BM_Scan/percent:0', 6),
                                ('BM_Scan/percent:0', 5))]
    self.assertEqual(scan_speed.speeds({'benchmarks': runs}), (5, 8))
    self.assertIsNone(scan_speed.speeds({'benchmarks': runs[:1]}))


class Results(unittest.TestCase):

  def test_writing_one_section_keeps_the_other(self):
    with tempfile.TemporaryDirectory() as folder:
      path = os.path.join(folder, 'RESULTS.md')
      releases = report.RELEASES_HEADING + '\n\nreleases'
      report.write(path, streams_text='# Results\n\nold')
      report.write(path, releases_text=releases)
      report.write(path, streams_text='# Results\n\nnew')
      with open(path, encoding='utf-8') as file:
        self.assertEqual(file.read(), f'# Results\n\nnew\n\n{releases}\n')


class Bench(unittest.TestCase):

  def setUp(self):
    for program in ('Xvfb', 'xterm', 'xdotool', 'ffmpeg', 'x11vnc',
                    'X0tigervnc', 'display'):
      if not shutil.which(program):
        self.skipTest(f'{program} is not installed; run '
                      'tools/install_packages')

  def run_bench(self, scene, **kwargs):
    options = bench.Options(1, 1, settle_s=0.3, scenes=[scene], **kwargs)
    results = bench.run(programs, options)
    print(report.text(results))
    return results

  def test_a_short_run_fills_every_cell(self):
    by_server = self.run_bench('typing').scenes['typing']
    self.assertGreaterEqual(len(by_server), 6)
    for server, sample in by_server.items():
      with self.subTest(server):
        self.assertGreater(sample.cpu_ms_per_s, 0)
        # Their viewers have seen a first picture by then, and showed the last.
        self.assertIsNotNone(sample.exact)
        if 'VNC' in server.upper():
          # May send nothing for a second on a busy machine.
          continue
        self.assertGreater(sample.kb_per_s, 0)
        self.assertGreater(sample.updates_per_s, 0)
        self.assertTrue(sample.latencies_ms)
    self.assertTrue(by_server['Oriel LOSSLESS'].exact)

  def test_a_film_has_a_similarity_and_ends_exact(self):
    results = self.run_bench('film 640', servers=['lossless'])
    sample = results.scenes['film 640x360']['Oriel LOSSLESS']
    self.assertTrue(sample.exact)
    self.assertGreater(sample.ssim, 0.1)

  def test_a_pixel_that_changes_on_a_resting_screen_is_seen(self):
    results = self.run_bench('changes', servers=['lossless'],
                             changes=((0.6, 1, 2),))
    sample = results.changes['1x1 px after 0.6 s of rest']['Oriel LOSSLESS']
    self.assertEqual((len(sample.latencies_ms), sample.missed), (2, 0))


if __name__ == '__main__':
  for argument in sys.argv[1:]:
    name, path = argument.split('=', 1)
    programs[name] = os.path.realpath(path)
  case_results.main()
