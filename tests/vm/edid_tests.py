"""The kernel's protocol for a device's EDID, on mbochs' region of that type."""

import json
import os
import struct
import subprocess

import guest_case
import vfio
from guest_case import START_S

setUpModule = guest_case.set_up_guest

EDID_REGION = 9
LINK_UP = 1


class Edid(guest_case.Case):
  """A monitor that Oriel plugs in."""

  def plug(self, device, width, height):
    return subprocess.run(
        [guest_case.programs['set_edid'], device, str(width), str(height)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8',
        timeout=START_S)

  def registers(self, device):
    """The region's six registers, and the blob, as the driver has them."""
    _, _, offset = device.region(EDID_REGION)
    registers = [struct.unpack('<I', os.pread(device.fd, 4, offset + 4 * i))[0]
                 for i in range(6)]
    blob = os.pread(device.fd, registers[2], offset + registers[0])
    return registers, blob

  def test_a_monitor_is_plugged_in_and_edid_decode_knows_its_mode(self):
    name = self.mdev('mbochs_mappable-large')
    done = self.plug(name, 1600, 900)
    self.assertEqual(done.returncode, 0, done.stderr)
    told = json.loads(done.stdout)
    self.assertTrue(told['link_up'])
    with vfio.Device(name) as device:
      registers, blob = self.registers(device)
    self.assertEqual(registers[5], LINK_UP)
    self.assertEqual(blob.hex(), told['blob'])
    decoded = subprocess.run(['edid-decode', '--check'], input=blob,
                             stdout=subprocess.PIPE, check=False)
    text = decoded.stdout.decode()
    self.assertRegex(text, r'DTD 1: +1600x900')
    self.assertIn('EDID conformity: PASS', text)
    self.assertEqual(decoded.returncode, 0, text)

  def test_a_mode_beyond_the_devices_limit_changes_nothing(self):
    name = self.mdev('mbochs-small')
    done = self.plug(name, 1600, 900)
    self.assertEqual(done.returncode, 1, done.stdout)
    with vfio.Device(name) as device:
      registers, _ = self.registers(device)
    # The driver's limits, and no link state yet.
    self.assertIn(f'{registers[3]} by {registers[4]}', done.stderr)
    self.assertEqual(registers[5], 0)
