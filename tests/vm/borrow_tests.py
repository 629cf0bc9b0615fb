"""oriel-borrow, with the capabilities that it asks for and no more, beside
processes of another user that play the VMM."""

import json
import os
import subprocess

import guest_case
import offer_taker
import oriel_host
import vfio
import vmm_player
from guest_case import START_S

setUpModule = guest_case.set_up_guest


class LentDevices(guest_case.Case):
  """What oriel-borrow offers, and when it lets go."""

  def setUp(self):
    host = oriel_host.Host(guest_case.programs)
    self.addCleanup(host.close)
    os.chmod(host.folder, 0o777)
    self.taker = offer_taker.OfferTaker(host)
    self.addCleanup(self.taker.close)

  def start_vmm(self, *mdevs):
    vmm = vmm_player.Vmm('testvm', mdevs)
    self.addCleanup(vmm.__exit__)
    return vmm

  def test_a_vmms_device_is_offered_by_name_until_the_vmm_is_killed(self):
    mdev = self.mdev('mdpy-vga')
    vmm = self.start_vmm(mdev)
    offer, = self.taker.wait_for_offer()
    self.assertEqual(offer.fields['device'], mdev)
    self.assertEqual(offer.fields['display'], f'testvm.{mdev}')
    self.assertEqual(offer.fields['vm'], 'testvm')
    self.assertEqual(offer.fields['vmm_pid'], vmm.pid)
    self.assertTrue(offer.fields['dma_bufs_allowed'])
    picture = vmm.draw(seed=1)
    self.assertTrue(offer.device.rows() == picture.rows)
    vmm.kill()
    self.assertIn('testvm', self.taker.wait_for_withdrawal(offer))
    vfio.wait_for_free_group(mdev)
    # The same VM again.
    self.start_vmm(mdev)
    again, = self.taker.wait_for_offer()
    self.assertEqual(again.fields['display'], offer.fields['display'])

  def test_of_two_devices_the_closed_one_is_let_go_of(self):
    mdevs = [self.mdev('mdpy-vga'), self.mdev('mdpy-vga')]
    vmm = self.start_vmm(*mdevs)
    pictures = [vmm.draw(seed=seed, device=seed) for seed in (0, 1)]
    offers = self.taker.wait_for_offer(count=2)
    # Nothing tells them apart, and nothing is guessed.
    self.assertEqual({offer.fields['device'] for offer in offers}, {''})
    shown = [[picture.rows for picture in pictures].index(offer.device.rows())
             for offer in offers]
    self.assertEqual(sorted(shown), [0, 1])
    closed, kept = (offers[shown.index(0)], offers[shown.index(1)])
    # /dev/zero has its fd's number now.
    vmm.ask('close', device=0)
    self.assertIn('closed the device', self.taker.wait_for_withdrawal(closed))
    vfio.wait_for_free_group(mdevs[0])
    picture = vmm.draw(seed=2, device=1)
    # Not assertEqual, which compares such lists line by line for minutes.
    self.assertTrue(kept.device.rows() == picture.rows)
    self.assertEqual(self.taker.wait_for_offer(), [kept])

  def test_removing_the_mdev_ends_the_loan(self):
    mdev = self.mdev('mdpy-vga')
    vmm = self.start_vmm(mdev)
    offer, = self.taker.wait_for_offer()
    removal = guest_case.Removal(f'/sys/bus/mdev/devices/{mdev}/remove')
    self.assertIn('being removed', self.taker.wait_for_withdrawal(offer))
    # The VMM still has it.
    self.assertFalse(removal.done())
    vmm.kill()
    removal.wait()

  def test_unbinding_a_pci_device_ends_the_loan(self):
    address = guest_case.igd_address()
    vmm = self.start_vmm(address)
    offer, = self.taker.wait_for_offer()
    self.assertEqual(offer.fields['device'], address)
    unbinding = guest_case.Removal('/sys/bus/pci/drivers/vfio-pci/unbind',
                                   address)
    self.addCleanup(vfio.bind_to_vfio_pci, address)
    self.assertIn('unbound', self.taker.wait_for_withdrawal(offer))
    # The VMM still has it, and it is not lent again.
    self.assertFalse(unbinding.done())
    vmm.kill()
    unbinding.wait()


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
