"""Regions found by type and subtype with Oriel's own code."""

import json
import subprocess

import guest_case
import op_regions
from guest_case import IGD_TYPE, START_S

setUpModule = guest_case.set_up_guest


class RegionsByType(guest_case.Case):
  """mbochs' EDID region, and those of vfio-pci for an Intel IGD."""

  def find_region(self, device, region_type, subtype):
    return subprocess.run(
        [guest_case.programs['find_region'], device, str(region_type),
         str(subtype)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
        timeout=START_S)

  def find(self, *arguments):
    done = self.find_region(*arguments)
    self.assertEqual(done.returncode, 0, done.stderr)
    return json.loads(done.stdout)

  def test_edid_region_of_mbochs(self):
    region = self.find(self.mdev('mbochs-small'), 1, 1)
    self.assertEqual(region['index'], 9)
    self.assertFalse(region['mappable'])
    # edid_offset and edid_max_size as the driver has them.
    self.assertTrue(region['head'].startswith('0008000000040000'), region)

  def show_op_region(self, name):
    """What firmware left behind is looked at when the device is opened."""
    op_regions.show(name)
    self.addCleanup(op_regions.show, 'plain')

  def test_opregions_of_vfio_pci(self):
    for name, size_bytes in (('plain', 0x2000),
                             ('2.0 absolute', 0x2000 + len(op_regions.TABLE)),
                             ('2.1 relative', 0x2000 + len(op_regions.TABLE)),
                             ('odd size', 0x4000)):
      with self.subTest(name):
        self.show_op_region(name)
        region = self.find(guest_case.igd_address(), IGD_TYPE, 1)
        self.assertEqual(region['size_bytes'], size_bytes)
        self.assertFalse(region['mappable'])
        head = bytearray(op_regions.content(name)[:32])
        if size_bytes > 0x4000:
          # vfio-pci shows the table as 2.1 does, whatever firmware said.
          head[0x16:0x18] = b'\x01\x02'
        self.assertEqual(bytes.fromhex(region['head']), bytes(head))

  def test_an_opregion_without_its_signature_keeps_the_device_shut(self):
    self.show_op_region('bad signature')
    done = self.find_region(guest_case.igd_address(), IGD_TYPE, 1)
    self.assertEqual(done.returncode, 1, done.stdout)
    self.assertIn(guest_case.igd_address(), done.stderr)

  def test_host_bridge_of_vfio_pci(self):
    # Intel's 82G33 memory controller, which QEMU's q35 has.
    region = self.find(guest_case.igd_address(), IGD_TYPE, 2)
    self.assertTrue(region['head'].startswith('8680c029'), region)

  def test_lpc_bridge_of_vfio_pci(self):
    # Intel's ICH9 LPC bridge, which QEMU's q35 has.
    region = self.find(guest_case.igd_address(), IGD_TYPE, 3)
    self.assertTrue(region['head'].startswith('86801829'), region)
