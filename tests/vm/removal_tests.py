"""Devices of Oriel's own that are removed while it streams them, and come
back."""

import guest_case
import vfio
from guest_case import DISPLAY, START_S

setUpModule = guest_case.set_up_guest


class OwnedDevices(guest_case.Case):
  """One orield for both: a driver that asks for its device, and one that only
  waits for it."""

  @classmethod
  def setUpClass(cls):
    cls.device = cls.mdev('mdpy-vga')
    cls.pictures = {}
    for name, seed in ((cls.device, 1), (DISPLAY, 2)):
      with vfio.Device(name) as device:
        cls.pictures[name] = guest_case.draw(device, seed)
    cls.share_host(guest_case.group_display('mdev', cls.device) +
                   guest_case.group_display('pci', DISPLAY))

  def test_removing_an_mdev_returns_and_its_return_is_shown(self):
    self.host.wait_for_state('mdev', 'ready', START_S)
    viewer = self.start_viewer('mdev')
    guest_case.Removal(f'/sys/bus/mdev/devices/{self.device}/remove').wait()
    self.assert_ended(viewer, 'is being removed')
    self.host.wait_for_state('mdev', 'unavailable', START_S)
    vfio.create_mdev('mdpy-vga', self.device)
    self.host.wait_for_state('mdev', 'ready', START_S)
    self.oriel('snapshot', 'mdev', '--output', self.host.path('new.png'))

  def test_unbinding_a_pci_function_returns_and_binding_shows_it_again(self):
    self.host.wait_for_state('pci', 'ready', START_S)
    viewer = self.start_viewer('pci')
    guest_case.Removal('/sys/bus/pci/drivers/vfio-display/unbind',
                       DISPLAY).wait()
    self.assert_ended(viewer, 'asks for the device back')
    self.host.wait_for_state('pci', 'unavailable', START_S)
    vfio.bind(DISPLAY, 'vfio-display')
    self.host.wait_for_state('pci', 'ready', START_S)
    self.assert_shows('pci', self.pictures[DISPLAY])
