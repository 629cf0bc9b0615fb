#!/usr/bin/env python3
"""What an administrator installs is accepted by what will read it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

DEPLOY = os.path.dirname(os.path.abspath(__file__))
# systemd-analyze security's scale: 0 is safest, 10 has no sandbox at all.
GREATEST_EXPOSURE = 2.5


def run(*command):
  return subprocess.run(command, stdin=subprocess.DEVNULL,
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                        encoding='utf-8', timeout=60)


class Configuration(unittest.TestCase):

  def check(self, text):
    with tempfile.NamedTemporaryFile('w', suffix='.conf') as file:
      file.write(text)
      file.flush()
      return run(orield, '--config', file.name, '--check-config')

  def setUp(self):
    with open(os.path.join(DEPLOY, 'orield.conf.example'),
              encoding='utf-8') as file:
      self.example = file.read()

  def test_the_example_is_good(self):
    done = self.check(self.example)
    self.assertEqual(done.returncode, 0, done.stdout)

  def test_the_example_is_good_with_all_that_is_commented_out(self):
    settings = re.sub(r'(?m)^# ((listen|display|limits) \{|  .*|\})', r'\1',
                      self.example)
    self.assertEqual(settings.count('\ndisplay {'), 3)
    done = self.check(settings)
    self.assertEqual(done.returncode, 0, done.stdout)


@unittest.skipUnless(shutil.which('systemd-analyze'),
                     'systemd-analyze is not installed')
class Unit(unittest.TestCase):

  def setUp(self):
    # The unit as installed here: verify wants its program to exist.
    self.folder = tempfile.mkdtemp(prefix='oriel-unit-')
    self.addCleanup(shutil.rmtree, self.folder)
    with open(os.path.join(DEPLOY, 'systemd', 'oriel.service'),
              encoding='utf-8') as file:
      unit = file.read()
    self.unit = os.path.join(self.folder, 'oriel.service')
    with open(self.unit, 'w', encoding='utf-8') as file:
      file.write(unit.replace('/usr/sbin/orield', orield))

  def test_systemd_understands_every_line(self):
    done = run('systemd-analyze', 'verify', '--man=no', '--recursive-errors=no',
               self.unit)
    self.assertEqual(done.returncode, 0, done.stdout)
    self.assertNotIn('oriel.service:', done.stdout)

  def test_the_sandbox_is_tight(self):
    done = run('systemd-analyze', 'security', '--offline=true', self.unit)
    exposure = re.search(r'exposure level for oriel.service: ([\d.]+)',
                         done.stdout)
    self.assertIsNotNone(exposure, done.stdout)
    self.assertLessEqual(float(exposure.group(1)), GREATEST_EXPOSURE,
                         done.stdout)


if __name__ == '__main__':
  orield = os.path.abspath(sys.argv.pop(1))
  unittest.main()
