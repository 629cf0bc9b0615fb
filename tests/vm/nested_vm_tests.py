"""oriel-borrow beside Debian's unmodified QEMU, which runs as another user."""

import os

import guest_case
import nested_vm
import offer_taker
import oriel_host
import vfio
from guest_case import SIZE, START_S

setUpModule = guest_case.set_up_guest

QEMU_USER = 1001


class NestedVm(guest_case.Case):
  """One VM's life, in the order of the cases' steps: starting one takes long
  here."""

  def setUp(self):
    self.host = oriel_host.Host(guest_case.programs)
    self.addCleanup(self.host.close)
    os.chmod(self.host.folder, 0o777)
    self.taker = offer_taker.OfferTaker(self.host)
    self.addCleanup(self.taker.close)
    self.device = self.mdev('mdpy-vga')
    os.chown(vfio.group_file(self.device), QEMU_USER, QEMU_USER)

  def start_vm(self):
    vm = nested_vm.NestedVm(guest_case.programs['vm_guest'], self.host.folder,
                            'testvm', self.device, QEMU_USER)
    self.addCleanup(vm.process.kill)
    return vm

  def assert_shows_the_guest(self, vm, offer):
    """Pixel by pixel, and a later picture too."""
    def shown():
      rgb = nested_vm.rgb(offer.device.rows())
      return nested_vm.picture_number(rgb, *SIZE)
    vm.wait_for_picture()
    first = oriel_host.wait_until(shown, 'a whole picture', timeout_s=START_S)
    oriel_host.wait_until(lambda: (shown() or 0) > first, 'the next picture',
                          timeout_s=START_S)

  def test_killed_restarted_unplugged_plugged(self):
    vm = self.start_vm()
    offer, = self.taker.wait_for_offer()
    self.assertEqual(offer.fields['display'], f'testvm.{self.device}')
    self.assertTrue(offer.fields['dma_bufs_allowed'])
    self.assert_shows_the_guest(vm, offer)

    vm.kill()
    self.assertIn('ended', self.taker.wait_for_withdrawal(offer))
    vfio.wait_for_free_group(self.device)
    vm = self.start_vm()
    again, = self.taker.wait_for_offer()
    self.assertEqual(again.fields['display'], offer.fields['display'])
    self.assert_shows_the_guest(vm, again)

    vm.unplug()
    self.assertIn('closed the device', self.taker.wait_for_withdrawal(again))
    vfio.wait_for_free_group(self.device)
    vm.plug(self.device)
    plugged, = self.taker.wait_for_offer()
    self.assert_shows_the_guest(vm, plugged)
