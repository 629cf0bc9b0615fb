"""Regions found by type and subtype with Oriel's own code."""

import json
import subprocess

import guest_case
import virtual_machine
from guest_case import IGD_TYPE, START_S

setUpModule = guest_case.set_up_guest


class RegionsByType(guest_case.Case):
  """mbochs' EDID region, and those of vfio-pci for an Intel IGD."""

  def find(self, device, region_type, subtype):
    done = subprocess.run(
        [guest_case.programs['find_region'], device, str(region_type),
         str(subtype)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
        timeout=START_S)
    self.assertEqual(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)

  def test_edid_region_of_mbochs(self):
    region = self.find(self.mdev('mbochs-small'), 1, 1)
    self.assertEqual(region['index'], 9)
    self.assertFalse(region['mappable'])
    # edid_offset and edid_max_size as the driver has them.
    self.assertTrue(region['head'].startswith('0008000000040000'), region)

  def test_opregion_of_vfio_pci(self):
    region = self.find(guest_case.igd_address(), IGD_TYPE, 1)
    self.assertEqual(region['size_bytes'], 8192)
    self.assertFalse(region['mappable'])
    self.assertEqual(bytes.fromhex(region['head']),
                     virtual_machine.opregion()[:32])

  def test_host_bridge_of_vfio_pci(self):
    # Intel's 82G33 memory controller, which QEMU's q35 has.
    region = self.find(guest_case.igd_address(), IGD_TYPE, 2)
    self.assertTrue(region['head'].startswith('8680c029'), region)

  def test_lpc_bridge_of_vfio_pci(self):
    # Intel's ICH9 LPC bridge, which QEMU's q35 has.
    region = self.find(guest_case.igd_address(), IGD_TYPE, 3)
    self.assertTrue(region['head'].startswith('86801829'), region)
