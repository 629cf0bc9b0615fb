#!/usr/bin/env python3
"""Boots Debian's kernel under QEMU and runs guest_tests.py there.

Usage: vm_test.py NAME=PATH..., the programs that the guest runs.
"""

import json
import os
import shutil
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]

import case_results
import guest_kernel
import virtual_machine

# Emulated, so that a busy machine makes it several times slower.
TIMEOUT_S = 1700


class Guest(unittest.TestCase):
  """Only what goes wrong before the guest's own cases."""

  programs = {}

  def test_boots_and_runs_its_cases(self):
    if not shutil.which('qemu-system-x86_64'):
      self.skipTest('no qemu-system-x86_64; install qemu-system-x86')
    try:
      modules = guest_kernel.build_modules(guest_kernel.version())
    except guest_kernel.Missing as missing:
      self.skipTest(str(missing))
    out = tempfile.mkdtemp(prefix='oriel-vm-out-')
    self.addCleanup(shutil.rmtree, out)
    with open(os.path.join(out, 'programs.json'), 'w', encoding='utf-8') as f:
      json.dump(dict(self.programs, modules=modules), f)
    # More rounds by hand: bazel test --test_env=ORIEL_VM_ROUNDS=1000.
    rounds = os.environ.get('ORIEL_VM_ROUNDS')
    console = virtual_machine.run(
        (f'export ORIEL_VM_ROUNDS={int(rounds)}; ' if rounds else '') +
        virtual_machine.guest_command(
            os.path.join(HERE, 'guest_tests.py'),
            ['/out/programs.json', '/out/test.xml']) + ' >/out/log 2>&1',
        out, TIMEOUT_S)
    log = virtual_machine.read_text(os.path.join(out, 'log'))
    print(log)
    results = os.path.join(out, 'test.xml')
    self.assertTrue(os.path.exists(results), console + log)
    Guest.results = ElementTree.parse(results).getroot()


def main():
  os.environ['PATH'] += ':/usr/sbin:/sbin'
  for argument in sys.argv[1:]:
    name, path = argument.split('=', 1)
    Guest.programs[name] = os.path.realpath(path)
  booted = case_results.run_modules(['__main__'])
  path = os.environ.get('XML_OUTPUT_FILE')
  results = getattr(Guest, 'results', None)
  if results is None:
    sys.exit(0 if booted else 1)
  if path:
    ElementTree.ElementTree(results).write(path, encoding='utf-8',
                                           xml_declaration=True)
  failed = len(results.findall('*/failure')) + len(results.findall('*/error'))
  # A setUpModule that fails is no case, but an error in the list.
  sys.exit(1 if failed or not len(results) else 0)


if __name__ == '__main__':
  main()
