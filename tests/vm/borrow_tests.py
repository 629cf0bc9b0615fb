"""Devices of running VMMs, through oriel-borrow, which has two capabilities, to
orield, which has none. Both and each VMM run as users of their own."""

import json
import subprocess

import guest_case
import vfio
import vmm_player
from guest_case import START_S

setUpModule = guest_case.set_up_guest


class BorrowedDevices(guest_case.Case):
  """The VMM is a process that opens devices as QEMU does."""

  @classmethod
  def setUpClass(cls):
    cls.lend_devices()

  def start_vmm(self, name, *mdevs):
    vmm = vmm_player.Vmm(name, mdevs)
    self.addCleanup(vmm.__exit__)
    return vmm

  def test_orield_has_no_capability(self):
    with open(f'/proc/{self.host.orield.pid}/status', encoding='ascii') as file:
      self.assertRegex(file.read(), r'CapEff:\s+0+\n')

  def test_a_killed_vmm_gets_its_group_back_and_its_display(self):
    mdev = self.mdev('mdpy-vga')
    display = f'killed.{mdev}'
    vmm = self.start_vmm('killed', mdev)
    self.host.wait_for_state(display, 'ready', START_S)
    for seed in (1, 2):
      self.assert_shows(display, vmm.draw(seed))
    viewer = self.start_viewer(display)
    vmm.kill()
    vfio.wait_for_free_group(mdev)
    self.assert_ended(viewer, 'ended')
    vmm = self.start_vmm('killed', mdev)
    self.host.wait_for_state(display, 'ready', START_S)
    self.assert_shows(display, vmm.draw(seed=3))

  def test_of_two_devices_the_closed_one_is_let_go_of(self):
    mdevs = [self.mdev('mdpy-vga'), self.mdev('mdpy-vga')]
    vmm = self.start_vmm('two', *mdevs)
    # Nothing tells them apart, and nothing is guessed.
    displays = ['two.unattributed-1', 'two.unattributed-2']
    for display in displays:
      self.host.wait_for_state(display, 'ready', START_S)
    pictures = [vmm.draw(seed=device, device=device) for device in (0, 1)]
    path = self.host.path('first.png')
    self.oriel('snapshot', displays[0], '--output', path)
    if pictures[0].differences(path):
      displays.reverse()
    viewers = [self.start_viewer(display) for display in displays]
    # Another file has its fd's number at once.
    vmm.ask('close', device=0)
    vfio.wait_for_free_group(mdevs[0])
    self.assert_ended(viewers[0], 'closed the device')
    self.assert_shows(displays[1], vmm.draw(seed=2, device=1))
    viewers[1].check_running()

  def test_removing_the_mdev_ends_the_loan(self):
    mdev = self.mdev('mdpy-vga')
    vmm = self.start_vmm('removed', mdev)
    self.host.wait_for_state(f'removed.{mdev}', 'ready', START_S)
    viewer = self.start_viewer(f'removed.{mdev}')
    removal = guest_case.Removal(f'/sys/bus/mdev/devices/{mdev}/remove')
    self.assert_ended(viewer, 'removed')
    # The VMM still has it, and nobody borrows it again.
    self.assertFalse(removal.done())
    vmm.kill()
    removal.wait()


class Listed(guest_case.Case):
  """oriel-borrow --list."""

  def list(self, *prefix):
    return subprocess.run(
        [*prefix, guest_case.programs['oriel-borrow'], '--list', '--json'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
        timeout=START_S)

  def test_names_the_device_of_another_users_vmm(self):
    mdev = self.mdev('mdpy-vga')
    with vmm_player.Vmm('testvm', [mdev]) as vmm:
      done = self.list(*guest_case.AS_BORROW)
    self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    device, = json.loads(done.stdout)['devices']
    self.assertEqual((device['device'], device['vm'], device['pid']),
                     (mdev, 'testvm', vmm.pid))

  def test_without_capabilities_says_what_to_grant(self):
    with vmm_player.Vmm('testvm', [self.mdev('mdpy-vga')]):
      done = self.list('setpriv', '--reuid', '1002', '--regid', '1002',
                       '--clear-groups')
    self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
    self.assertIn('CAP_SYS_PTRACE', done.stdout)
