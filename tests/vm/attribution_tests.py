"""Which device of a VM a display is, and how soon a device is found."""

import os
import stat
import time

import guest_case
import oriel_host
import vfio
import vmm_player
from guest_case import START_S

setUpModule = guest_case.set_up_guest

# A process that is not looked for has its turn once a minute.
FOUND_BY_TURN_S = 10


class Attribution(guest_case.Case):
  """The VMM is a process that opens devices as QEMU does."""

  @classmethod
  def setUpClass(cls):
    cls.lend_devices()

  def new_mdev(self, parent_type='mdpy-vga'):
    """For one case: mdpy makes four devices at most."""
    mdev = vfio.create_mdev(parent_type)
    self.addCleanup(vfio.remove_mdev, mdev)
    return mdev

  def start_vmm(self, name, *mdevs):
    vmm = vmm_player.Vmm(name, mdevs)
    self.addCleanup(vmm.__exit__)
    return vmm

  def wait_until_ready(self, *displays):
    for display in displays:
      self.host.wait_for_state(display, 'ready', START_S)

  def test_two_of_different_types_are_told_apart(self):
    mdevs = [self.new_mdev('mbochs_mappable-small'), self.new_mdev()]
    vmm = self.start_vmm('types', *mdevs)
    displays = [f'types.{mdev}' for mdev in mdevs]
    self.wait_until_ready(displays[1])
    self.assert_shows(displays[1], vmm.draw(seed=1, device=1))
    # Its dma-bufs are asked for, because its VM has no display for it.
    self.assert_shows(displays[0], vmm.set_bochs_mode(2, 320, 240))

  def test_two_alike_are_told_apart_by_the_addresses_that_a_guest_gives(self):
    mdevs = [self.new_mdev(), self.new_mdev()]
    vmm = self.start_vmm('alike', *mdevs)
    # Nothing tells them apart, and nothing is guessed.
    self.wait_until_ready('alike.unattributed-1', 'alike.unattributed-2')
    viewer = self.start_viewer('alike.unattributed-1')
    for device in (0, 1):
      vmm.ask('set_address', device=device, address=0xe0000000 + (device << 24))
    displays = [f'alike.{mdev}' for mdev in mdevs]
    self.wait_until_ready(*displays)
    self.assert_ended(viewer, 'it is known now to be')
    for device, display in enumerate(displays):
      self.assert_shows(display, vmm.draw(seed=device, device=device))

  def test_of_two_alike_the_other_goes_on_when_one_is_removed(self):
    mdevs = [self.new_mdev(), self.new_mdev()]
    vmm = self.start_vmm('rest', *mdevs)
    displays = ['rest.unattributed-1', 'rest.unattributed-2']
    self.wait_until_ready(*displays)
    pictures = [vmm.draw(seed=device, device=device) for device in (0, 1)]
    path = self.host.path('first.png')
    self.oriel('snapshot', displays[0], '--output', path)
    if pictures[0].differences(path):
      displays.reverse()
    viewers = [self.start_viewer(display) for display in displays]
    removal = guest_case.Removal(f'/sys/bus/mdev/devices/{mdevs[1]}/remove')
    self.assert_shows(displays[0], vmm.draw(seed=2))
    self.assertFalse(removal.done())
    vmm.ask('close', device=1)
    removal.wait()
    self.assert_ended(viewers[1], 'closed the device')
    self.assert_shows(displays[0], vmm.draw(seed=3))
    viewers[0].check_running()

  def test_a_group_file_under_another_name_is_believed_by_its_number(self):
    mdev = self.new_mdev()
    node = self.host.path('a-node')
    os.mknod(node, 0o600 | stat.S_IFCHR,
             os.stat(vfio.group_file(mdev)).st_rdev)
    vmm = self.start_vmm('renamed')
    vmm.open(mdev, node)
    self.wait_until_ready(f'renamed.{mdev}')

  def test_a_second_fd_of_a_device_is_taken_when_the_first_is_closed(self):
    mdev = self.new_mdev()
    vmm = self.start_vmm('twice', mdev)
    display = f'twice.{mdev}'
    self.wait_until_ready(display)
    first = vmm.ask('open_again', device=0)
    viewer = self.start_viewer(display)
    vmm.ask('close_fd', fd=first)
    self.assert_ended(viewer, 'closed the device')
    self.wait_until_ready(display)
    self.assert_shows(display, vmm.draw(seed=1))
    vmm.kill()
    vfio.wait_for_free_group(mdev)

  def test_the_first_device_of_an_old_vm_is_found_at_once(self):
    vmm = self.start_vmm('old')
    # How soon is told; that depends on who else uses the machine. No machine
    # is so busy that it takes what the turns of all processes take.
    seconds = []
    for device in range(3):
      mdev = self.new_mdev()
      begin = time.monotonic()
      vmm.open(mdev)
      line = f'event=offered display=old.{mdev}'
      oriel_host.wait_until(
          lambda line=line: line in self.borrow.log(), line,
          [self.borrow], START_S)
      seconds.append(time.monotonic() - begin)
      vmm.ask('close', device=device)
    print('found after', ', '.join(f'{s:.2f} s' for s in seconds))
    self.assertLess(max(seconds), FOUND_BY_TURN_S)
