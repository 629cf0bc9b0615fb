#!/usr/bin/env python3
"""The bench for a moment, so that it cannot rot, and its arithmetic.

Usage: bench_test.py NAME=PATH...
"""

import os
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)

import bench
import case_results
import measure
import report

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

  def test_a_short_run_fills_every_cell(self):
    for program in ('Xvfb', 'xterm', 'xdotool', 'ffmpeg'):
      if not shutil.which(program):
        self.skipTest(f'{program} is not installed; run '
                      'tools/install_packages')
    idle, results = bench.run(programs, seconds=1, repeats=1, settle_s=0.3)
    print(report.table(idle, results))
    self.assertEqual(set(results), {'typing', 'scrolling'})
    for scene, by_server in results.items():
      self.assertEqual(len(by_server), 3)
      for server, sample in by_server.items():
        with self.subTest(f'{scene}, {server}'):
          self.assertGreater(sample.kb_per_s, 0)
          self.assertGreater(sample.updates_per_s, 0)
          self.assertTrue(sample.latencies_ms)


if __name__ == '__main__':
  for argument in sys.argv[1:]:
    name, path = argument.split('=', 1)
    programs[name] = os.path.realpath(path)
  case_results.main()
