"""Measures in the guest how soon Oriel lets go of a device, and how soon it
shows the device again.

Usage: release_times.py PROGRAMS.json TIMES.json ROUNDS
"""

import json
import os
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.dirname(HERE),
                os.path.join(os.path.dirname(os.path.dirname(HERE)), 'tools')]

import guest_case
import oriel_host
import nested_vm
import stream_probe
import vfio
import vmm_player

# Each start of QEMU takes seconds here.
ROUNDS_A_QEMU_ROUND = 4
PLAYER = 'process as a VMM'
CYCLES = 1000


class Times(guest_case.Case):
  """Seconds by what was measured; a Case for its daemons only."""

  def __init__(self, rounds):
    super().__init__("run")
    self.rounds = rounds
    self.seconds = {}

  def note(self, what, seconds):
    self.seconds.setdefault(what, []).append(seconds)

  def kill_vmms(self, what, count, device, start, probe):
    """`start` returns a VMM that has the device open."""
    for _ in range(count):
      vmm = start()
      opened = time.monotonic()
      if probe:
        shown, _ = probe.wait_for('shown')
        # The nested guest has drawn by now, so that there is nothing to tell.
        if what == PLAYER:
          self.note(f'{what} opened its device: picture shown', shown - opened)
      killed = time.monotonic()
      vmm.kill()
      self.note(f'{what} killed: group opens again' +
                ('' if probe else ', without Oriel'),
                vfio.wait_for_free_group(device))
      if probe:
        ended, _ = probe.wait_for('ended')
        self.note(f'{what} killed: stream ended', ended - killed)
      vmm.__exit__()

  def borrowed(self, with_oriel):
    device = self.mdev('mdpy-vga')
    def player():
      return vmm_player.Vmm('vmm', [device])
    def qemu():
      vm = nested_vm.NestedVm(guest_case.programs['vm_guest'], '/run', 'qemu',
                              device)
      vm.wait_for_picture()
      return vm
    if not with_oriel:
      self.kill_vmms(PLAYER, self.rounds, device, player, None)
      return
    self.lend_devices()
    for what, count, name, start in (
        (PLAYER, self.rounds, 'vmm', player),
        ('QEMU', self.rounds // ROUNDS_A_QEMU_ROUND, 'qemu', qemu)):
      with stream_probe.StreamProbe(self.host, f'{name}.{device}') as probe:
        self.kill_vmms(what, count, device, start, probe)

  def reopened(self, with_oriel):
    """A VMM that closes its device and opens it again at once."""
    device = self.mdev('mdpy-vga')
    with vmm_player.Vmm('reopens', [device]) as vmm:
      if not with_oriel:
        self.reopen(vmm, 'without Oriel', lambda: None)
        return
      self.lend_devices()
      offers = 0
      def await_offer():
        nonlocal offers
        offers += 1
        oriel_host.wait_until(
            lambda: self.borrow.log().count('event=offered') >= offers,
            'offer', [self.borrow, self.host.orield], guest_case.START_S)
      await_offer()
      self.reopen(vmm, 'unwatched', await_offer)
      offers = self.borrow.log().count('event=offered')
      display = f'reopens.{device}'
      self.host.wait_for_state(display, 'ready', guest_case.START_S)
      with stream_probe.StreamProbe(self.host, display) as probe:
        def await_picture():
          probe.wait_for('ended')
          probe.wait_for('shown')
        probe.wait_for('shown')
        self.reopen(vmm, 'while a viewer watches', await_picture)

  def reopen(self, vmm, what, await_next):
    for _ in range(self.rounds):
      busy_s, = vmm.ask('reopen', device=0)
      self.note(f'VMM closes and opens again at once, {what}: group busy',
                busy_s)
      await_next()
    # Whether or not it was lent again meanwhile.
    for busy_s in vmm.ask('reopen', device=0, count=CYCLES, pause_s=0.02):
      self.note(f'the same 50 times a second, {what}: group busy', busy_s)

  def owned(self):
    device = self.mdev('mdpy-vga')
    self.share_host(guest_case.group_display('mdev', device) +
                    guest_case.group_display('pci', guest_case.DISPLAY))
    sysfs = f'/sys/bus/mdev/devices/{device}/remove'
    unbind = '/sys/bus/pci/drivers/vfio-display/unbind'
    for display, what, release, bring_back in (
        ('mdev', 'mdev removed', lambda: guest_case.write(sysfs, '1'),
         lambda: vfio.create_mdev('mdpy-vga', device)),
        ('pci', 'PCI function unbound',
         lambda: guest_case.write(unbind, guest_case.DISPLAY),
         lambda: vfio.bind(guest_case.DISPLAY, 'vfio-display'))):
      with stream_probe.StreamProbe(self.host, display) as probe:
        probe.wait_for('shown')
        for _ in range(self.rounds):
          begin = time.monotonic()
          release()
          self.note(f'{what} while Oriel owns it: the write returns',
                    time.monotonic() - begin)
          probe.wait_for('ended')
          begin = time.monotonic()
          bring_back()
          shown, _ = probe.wait_for('shown')
          self.note(f'{what} and back: picture shown', shown - begin)


def main():
  with open(sys.argv[1], encoding='utf-8') as file:
    guest_case.programs.update(json.load(file))
  guest_case.set_up_guest()
  times = Times(int(sys.argv[3]))
  for measure in (lambda: times.reopened(with_oriel=False),
                  lambda: times.reopened(with_oriel=True),
                  lambda: times.borrowed(with_oriel=False),
                  lambda: times.borrowed(with_oriel=True), times.owned):
    try:
      measure()
    finally:
      times.doClassCleanups()
  with open(sys.argv[2], 'w', encoding='utf-8') as file:
    json.dump(times.seconds, file)


if __name__ == '__main__':
  main()
