"""What is checked inside the guest, as root, with real VFIO devices.

Usage: guest_tests.py PROGRAMS.json TEST.xml [MODULE...]
"""

import faulthandler
import importlib
import json
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(os.path.dirname(HERE)), 'tools')]

import case_results
import guest_case

# A case that hangs shows where, before the host ends the guest.
TIMEOUT_S = 700
# In this order.
MODULES = (
    'group_device_tests',
    'region_tests',
    'edid_tests',
    'inventory_tests',
    'borrow_tests',
    'attribution_tests',
    'hang_tests',
    'nested_vm_tests',
    'removal_tests',
    'plane_tests',
    'pci_display_tests',
    'round_tests',
)


def main():
  faulthandler.dump_traceback_later(TIMEOUT_S, exit=True)
  with open(sys.argv[1], encoding='utf-8') as programs_file:
    guest_case.programs.update(json.load(programs_file))
  names = sys.argv[3:] or MODULES
  for name in names:
    importlib.import_module(name)
  sys.exit(0 if case_results.run_modules(names, sys.argv[2]) else 1)


if __name__ == '__main__':
  main()
