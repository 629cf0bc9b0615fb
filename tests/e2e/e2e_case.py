"""What the black-box tests share: a host of their own for each case."""

import os
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, 'tools'), os.path.join(ROOT, 'tests')]

import case_results
import oriel_host

SMALL = ('--mode', '640x480')

programs = {}


class E2eCase(unittest.TestCase):

  def setUp(self):
    self.host = oriel_host.Host(programs)
    self.addCleanup(self.host.close)

  def start_displays(self, **scenes):
    """A simulated device for each NAME=('--scene', ...), and orield."""
    sims = {}
    config = ''
    for name, options in scenes.items():
      sims[name] = self.host.start_sim(name, *options)
      config += self.host.display_config(name)
    self.host.start_orield(config)
    for name in scenes:
      self.host.wait_for_state(name, 'ready')
    return sims

  def run_oriel(self, *arguments, status=0):
    """The CompletedProcess, which ended with this status."""
    done = self.host.oriel(*arguments)
    log = self.host.orield.log() if self.host.orield else ''
    self.assertEqual(done.returncode, status,
                     f'oriel {" ".join(arguments)}\n{done.stdout}'
                     f'{done.stderr}\norield:\n{log}')
    return done

  def start_oriel(self, name, *arguments):
    """A client that goes on; its output is in log()."""
    return self.host.start(name, [programs['oriel']] + list(arguments),
                           env=self.host.environment())

  def wait_for_log(self, process, text, timeout_s=30):
    return oriel_host.wait_until(lambda: text in process.log(),
                                 f'"{text}" of {process.name}',
                                 timeout_s=timeout_s)

  def wait_for_end(self, process, timeout_s=30):
    """The exit status."""
    try:
      return process.popen.wait(timeout_s)
    except subprocess.TimeoutExpired:
      self.fail(f'{process.name} goes on:\n{process.log()[-2000:]}')

  def assert_says(self, text, *words):
    for word in words:
      self.assertIn(word.lower(), text.lower())

  def require(self, program):
    if not shutil.which(program):
      self.skipTest(f'{program} is not installed; run tools/install_packages')


def main():
  """For a script whose arguments are NAME=PATH of the programs."""
  for argument in sys.argv[1:]:
    name, path = argument.split('=', 1)
    programs[name] = os.path.realpath(path)
  case_results.main()
