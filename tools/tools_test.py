#!/usr/bin/env python3
"""The parts of tools/ that decide something."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), 'tests')]

import bazel_results
import case_results
import rooms
import stop_signal


class Counting(unittest.TestCase):

  def read(self, xml):
    with tempfile.NamedTemporaryFile('w', suffix='.xml') as file:
      file.write(xml)
      file.flush()
      return bazel_results.read_cases(file.name)

  def event(self, label, status, xml_path):
    return (f'{{"id":{{"testResult":{{"label":"{label}"}}}},"testResult":'
            f'{{"status":"{status}","testActionOutput":[{{"name":"test.xml",'
            f'"uri":"file://{xml_path}"}}]}}}}')

  def test_each_case_counts_and_a_skipped_one_keeps_its_reason(self):
    cases = self.read(
        '<testsuites><testsuite>'
        '<testcase name="a" classname="S" status="run"/>'
        '<testcase name="b" classname="S"><failure message="x"/></testcase>'
        '<testcase name="c" classname="S"><skipped message="why"/></testcase>'
        '<testcase name="d" classname="S" status="notrun"/>'
        '</testsuite></testsuites>')
    self.assertEqual(cases, [('S.a', 'passed', ''), ('S.b', 'failed', ''),
                             ('S.c', 'skipped', 'why')])

  def test_a_test_that_died_after_its_cases_passed_is_a_failure(self):
    with tempfile.NamedTemporaryFile('w', suffix='.xml') as file:
      file.write('<testsuite><testcase name="a"/></testsuite>')
      file.flush()
      results = bazel_results.read_events(
          [self.event('//x:y', 'FAILED', file.name)])
    self.assertEqual(results.summary(), '1 passed, 1 failed')

  def test_a_test_without_cases_counts_as_one(self):
    results = bazel_results.read_events(
        [self.event('//x:y', 'PASSED', '/nonexistent')])
    self.assertEqual(results.summary(), '1 passed, 0 failed')

  def test_what_is_not_built_failed(self):
    results = bazel_results.read_events([
        '{"id":{"targetConfigured":{"label":"//x:y"}},'
        '"configured":{"testSize":"SMALL"}}',
        '{"id":{"targetCompleted":{"label":"//x:y"}},"completed":{}}'])
    self.assertEqual(results.failed, ['//x:y (not built)'])

  def test_skipped_cases_are_in_the_line_only_when_there_are_some(self):
    results = bazel_results.Results(['a'], [], [('b', 'why')])
    self.assertEqual(results.summary(), '1 passed, 0 failed, 1 skipped')


class Stopping(unittest.TestCase):

  def test_a_repeat_within_a_second_is_the_same_wish(self):
    sequence = stop_signal.StopSequence()
    self.assertEqual(
        [sequence.meaning(at) for at in (10, 10, 10.005, 10.999)],
        ['stop', 'repeat', 'repeat', 'repeat'])

  def test_a_later_one_ends_at_once_however_many_came_before(self):
    sequence = stop_signal.StopSequence()
    for tenth in range(10):
      sequence.meaning(10 + tenth / 10)
    self.assertEqual(sequence.meaning(11), 'end now')


class Rooms(unittest.TestCase):

  def test_a_file_belongs_to_the_deepest_room(self):
    self.assertEqual(rooms.room_of('base/picture/rect.h'), 'base/picture')
    self.assertEqual(rooms.room_of('service/orield.cc'), 'service')
    self.assertEqual(rooms.room_of('encoder/video/x.h'), 'encoder')

  def test_a_session_knows_no_device_no_grpc_and_no_proto(self):
    session = 'service/session/viewer.h'
    self.assertTrue(rooms.may_include(session, 'encoder/update.h'))
    self.assertFalse(rooms.may_include(session, 'capture/device/device.h'))
    self.assertFalse(rooms.may_include(session, 'proto/oriel/v1/x.pb.h'))
    self.assertFalse(rooms.may_include_library(session, 'grpcpp/grpcpp.h'))

  def test_only_some_rooms_name_a_library(self):
    self.assertTrue(rooms.may_include_library('clients/lib/x.cc', 'zstd.h'))
    self.assertFalse(rooms.may_include_library('service/x.cc', 'zstd.h'))
    self.assertTrue(rooms.may_include_library('service/x.cc', 'vector'))


class Packages(unittest.TestCase):

  def test_each_package_has_a_reason(self):
    with open(os.path.join(HERE, 'packages.txt'), encoding='utf-8') as file:
      for line in file:
        if line.strip() and not line.startswith(('#', '[')):
          self.assertRegex(line, r'^[a-z0-9.+-]+ +# \S')

  def test_an_unknown_group_is_refused_with_those_there_are(self):
    done = subprocess.run(
        [os.path.join(HERE, 'install_packages'), 'bild'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
    self.assertEqual(done.returncode, 2)
    self.assertIn('bild', done.stderr)
    self.assertIn('build and test', done.stderr)

  def install_with(self, apt_get):
    """Runs it where all is missing: (result, the calls of apt-get, pauses)."""
    with tempfile.TemporaryDirectory() as work:
      for name, script in (
          ('apt-cache', 'exit 0'), ('dpkg-query', 'exit 1'),
          ('sudo', 'exec "$@"'), ('sleep', f'echo x >>{work}/slept'),
          ('apt-get', f'echo "$@" >>{work}/calls\n'
                      f'call=$(wc -l <{work}/calls)\n{apt_get}')):
        path = os.path.join(work, name)
        with open(path, 'w') as file:
          file.write('#!/bin/bash\n' + script + '\n')
        os.chmod(path, 0o755)
      done = subprocess.run(
          [os.path.join(HERE, 'install_packages')],
          env={**os.environ, 'PATH': work + ':' + os.environ['PATH']},
          stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
      counts = []
      for name in ('calls', 'slept'):
        path = os.path.join(work, name)
        lines = open(path).readlines() if os.path.exists(path) else []
        counts.append(lines)
      return done, counts[0], len(counts[1])

  def test_a_lock_that_apt_does_not_wait_for_is_waited_for(self):
    for error in (
        'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7',
        'dpkg: error: dpkg status database is locked by another process'):
      done, calls, pauses = self.install_with(
          f'echo out; [ $call -gt 2 ] || {{ echo "{error}" >&2; exit 100; }}')
      self.assertEqual(done.returncode, 0, done.stderr)
      self.assertEqual((len(calls), pauses), (3, 2))
      self.assertIn('DPkg::Lock::Timeout=600', calls[0])
      self.assertEqual(done.stdout.count('out\n'), 3)
      self.assertIn(error, done.stderr)

  def test_a_lock_that_stays_ends_after_ten_minutes(self):
    done, calls, pauses = self.install_with(
        'echo "E: Could not get lock x" >&2; exit 100')
    self.assertEqual(done.returncode, 1)
    self.assertIn('Could not get lock x', done.stderr)
    self.assertEqual(pauses, 200)
    self.assertEqual(len(calls), pauses + 2)

  def test_another_error_is_not_waited_for(self):
    done, calls, pauses = self.install_with('echo "E: broken" >&2; exit 100')
    self.assertEqual((done.returncode, len(calls), pauses), (1, 2, 0))


if __name__ == '__main__':
  case_results.main()
