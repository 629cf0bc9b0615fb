"""The kernel's protocol for a device's EDID, on mbochs' region of that type."""

import json
import os
import struct
import subprocess

import guest_case
import vfio
import vmm_player
from guest_case import START_S

setUpModule = guest_case.set_up_guest

EDID_REGION = 9
LINK_UP = 1


def registers(device):
  """The region's six registers, and the blob, as the driver has them."""
  _, _, offset = device.region(EDID_REGION)
  values = [struct.unpack('<I', os.pread(device.fd, 4, offset + 4 * i))[0]
            for i in range(6)]
  return values, os.pread(device.fd, values[2], offset + values[0])


class Edid(guest_case.Case):
  """A monitor that Oriel plugs into a device of its own."""

  def show(self, parent_type):
    """Starts an orield with a new device, display vgpu; the device's name."""
    name = self.mdev(parent_type)
    self.share_host(guest_case.group_display('vgpu', name))
    # No guest's driver, so no plane; the device can be asked all the same.
    self.host.wait_for_state('vgpu', 'plane-off', START_S)
    return name

  def registers_after(self, name):
    """Once orield has let go of the device."""
    self.host.orield.stop()
    with vfio.Device(name) as device:
      return registers(device)

  def test_a_monitor_is_plugged_in_and_edid_decode_knows_its_mode(self):
    name = self.show('mbochs_mappable-large')
    before = json.loads(self.oriel('edid', 'get', 'vgpu', '--json'))
    self.assertEqual(before['link'], 'unknown')
    self.oriel('edid', 'set', 'vgpu', '--mode', '1600x900', '--name', 'Wall')
    told = json.loads(self.oriel('edid', 'get', 'vgpu', '--json'))
    self.assertEqual(told['link'], 'up')
    path = self.host.path('edid.bin')
    self.oriel('edid', 'get', 'vgpu', '-o', path)
    values, blob = self.registers_after(name)
    self.assertEqual(values[5], LINK_UP)
    self.assertEqual(blob.hex(), told['edid'])
    with open(path, 'rb') as file:
      self.assertEqual(file.read(), blob)
    decoded = subprocess.run(['edid-decode', '--check'], input=blob,
                             stdout=subprocess.PIPE, check=False)
    text = decoded.stdout.decode()
    self.assertRegex(text, r'DTD 1: +1600x900')
    self.assertIn('Wall', text)
    self.assertIn('EDID conformity: PASS', text)
    self.assertEqual(decoded.returncode, 0, text)

  def test_a_mode_beyond_the_devices_limit_changes_nothing(self):
    name = self.show('mbochs-small')
    done = self.host.oriel('edid', 'set', 'vgpu', '--mode', '1600x900',
                           timeout_s=START_S)
    self.assertEqual(done.returncode, 2, done.stdout)
    values, _ = self.registers_after(name)
    # The driver's limits, and no link state yet.
    self.assertIn(f'{values[3]} by {values[4]}', done.stderr)
    self.assertEqual(values[5], 0)


class BorrowedEdid(guest_case.Case):
  """A monitor that belongs to a running VM."""

  def test_it_is_read_but_not_written(self):
    self.lend_devices()
    mdev = self.mdev('mbochs-small')
    vmm = vmm_player.Vmm('edid', [mdev])
    self.addCleanup(vmm.__exit__)
    display = f'edid.{mdev}'
    self.host.wait_for_state(display, 'plane-off', START_S)
    told = json.loads(self.oriel('edid', 'get', display, '--json'))
    self.assertEqual(told['link'], 'unknown')
    done = self.host.oriel('edid', 'set', display, '--mode', '640x480',
                           timeout_s=START_S)
    self.assertEqual(done.returncode, 1, done.stdout)
    self.assertIn('allow_edid_writes', done.stderr)
