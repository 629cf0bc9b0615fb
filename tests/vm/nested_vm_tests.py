"""The device of Debian's unmodified QEMU, which runs as another user."""

import guest_case
import known_picture
import nested_vm
import oriel_host
import vfio
from guest_case import SIZE, START_S

setUpModule = guest_case.set_up_guest


class NestedVm(guest_case.Case):
  """One case: starting a VM takes long here."""

  @classmethod
  def setUpClass(cls):
    cls.lend_devices()
    cls.device = cls.mdev('mdpy-vga')
    cls.display = f'testvm.{cls.device}'

  def start_vm(self):
    vm = nested_vm.NestedVm(guest_case.programs['vm_guest'], self.host.folder,
                            'testvm', self.device)
    self.addCleanup(vm.process.kill)
    self.host.wait_for_state(self.display, 'ready', START_S)
    return vm

  def picture_number(self):
    path = self.host.path('nested.png')
    self.oriel('snapshot', self.display, '--output', path)
    return nested_vm.picture_number(known_picture.decode_rgb(path), *SIZE)

  def assert_shows_the_guest(self, vm):
    """A picture pixel by pixel, and a later one too."""
    vm.wait_for_picture()
    first = oriel_host.wait_until(self.picture_number, 'a whole picture',
                                  timeout_s=START_S)
    oriel_host.wait_until(lambda: (self.picture_number() or 0) > first,
                          'the next picture', timeout_s=START_S)

  def test_killed_restarted_unplugged_plugged(self):
    vm = self.start_vm()
    self.assert_shows_the_guest(vm)

    viewer = self.start_viewer(self.display)
    vm.kill()
    vfio.wait_for_free_group(self.device)
    self.assert_ended(viewer, 'ended')
    vm = self.start_vm()
    self.assert_shows_the_guest(vm)

    viewer = self.start_viewer(self.display)
    vm.unplug()
    vfio.wait_for_free_group(self.device)
    self.assert_ended(viewer, 'closed the device')
    vm.plug(self.device)
    self.host.wait_for_state(self.display, 'ready', START_S)
    self.assert_shows_the_guest(vm)
