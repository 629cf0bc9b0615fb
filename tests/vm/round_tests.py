"""Nothing is left behind by devices that come and go."""

import os
import time

import guest_case
import stream_probe
import vfio
from guest_case import START_S

setUpModule = guest_case.set_up_guest

# As many as take about a minute here; ORIEL_VM_ROUNDS for more.
ROUNDS = int(os.environ.get('ORIEL_VM_ROUNDS', '100'))
WARM_UP_ROUNDS = 10
# Of malloc, which may keep an arena more or less.
SPARE_MAPPINGS = 20


class Holdings:
  """What a process has open, mapped and running."""

  def __init__(self, pid):
    folder = f'/proc/{pid}'
    self.fds = sorted(os.readlink(f'{folder}/fd/{fd}').split(':')[0]
                      for fd in os.listdir(f'{folder}/fd'))
    self.threads = len(os.listdir(f'{folder}/task'))
    with open(f'{folder}/maps', encoding='utf-8') as file:
      self.mappings = file.read().splitlines()


class Rounds(guest_case.Case):
  """Create, stream, remove."""

  def test_nothing_leaks(self):
    device = self.mdev('mdpy-vga')
    self.share_host(guest_case.group_display('vgpu', device))
    self.host.wait_for_state('vgpu', 'ready', START_S)
    with stream_probe.StreamProbe(self.host, 'vgpu') as probe:
      for number in range(WARM_UP_ROUNDS + ROUNDS):
        if number == WARM_UP_ROUNDS:
          before = Holdings(self.host.orield.pid)
          begin = time.monotonic()
        if number:
          vfio.create_mdev('mdpy-vga', device)
        probe.wait_for('shown')
        vfio.remove_mdev(device)
        probe.wait_for('ended')
      after = Holdings(self.host.orield.pid)
      print(f'{ROUNDS} rounds in {time.monotonic() - begin:.1f} s')
    self.assertEqual(after.fds, before.fds)
    self.assertEqual(after.threads, before.threads)
    self.assertFalse([line for line in after.mappings if 'vfio' in line])
    self.assertLessEqual(len(after.mappings),
                         len(before.mappings) + SPARE_MAPPINGS)
