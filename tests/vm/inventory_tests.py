"""What Oriel tells of the host's devices, beside their pictures."""

import json

import guest_case
import op_regions
import vmm_player
from guest_case import START_S

setUpModule = guest_case.set_up_guest


class Inventory(guest_case.Case):
  """oriel devices and oriel show."""

  def devices(self):
    listed = json.loads(self.oriel('devices', '--json'))['devices']
    return {device['name']: device for device in listed}

  def test_a_device_of_its_own_is_told_with_all_that_it_offers(self):
    name = self.mdev('mdpy-vga')
    self.share_host(guest_case.group_display('vgpu', name))
    self.host.wait_for_state('vgpu', 'ready', START_S)
    listed = self.devices()
    device = listed[name]
    self.assertEqual((device['kind'], device['mdev_type'], device['display']),
                     ('mdev', 'mdpy-vga', 'vgpu'))
    self.assertEqual(device['parent'], 'mdpy')
    self.assertIn('orield', [holder['command'] for holder in device['holders']])
    igd = listed[guest_case.igd_address()]
    self.assertEqual((igd['kind'], igd['driver'], igd['display']),
                     ('pci', 'vfio-pci', ''))
    told = json.loads(self.oriel('show', 'vgpu', '--json'))['device_report']
    self.assertGreater(told['read_bytes_per_second'], 0)
    plane, = told['planes']
    self.assertEqual((plane['place'], plane['width_px'], plane['height_px']),
                     ('region 16', 640, 480))
    framebuffer, = [region for region in told['regions']
                    if region['index'] == 16]
    self.assertTrue(framebuffer['mappable_areas'])
    # For people it is the same call; that it prints is what is left to see.
    self.assertIn('mdpy-vga', self.oriel('show', 'vgpu'))

  def test_a_borrowed_device_is_told_with_its_vm(self):
    self.lend_devices()
    name = self.mdev('mdpy-vga')
    vmm = vmm_player.Vmm('listed', [name])
    self.addCleanup(vmm.__exit__)
    display = f'listed.{name}'
    self.host.wait_for_state(display, 'ready', START_S)
    device = self.devices()[name]
    self.assertEqual(device['display'], display)
    self.assertEqual((device['loan']['vm'], device['loan']['vmm_pid']),
                     ('listed', vmm.pid))
    self.assertIn('listed', self.oriel('devices'))


class OpRegions(guest_case.Case):
  """What firmware left for an Intel GPU, through vfio-pci and Oriel."""

  def start(self, name):
    op_regions.show(name)
    self.addCleanup(op_regions.show, 'plain')
    self.share_host(guest_case.group_display('igd', guest_case.igd_address()))
    # It goes on trying to open the device.
    self.addCleanup(self.host.close)

  def read(self):
    path = self.host.path('opregion.bin')
    self.oriel('opregion', 'igd', '--output', path)
    with open(path, 'rb') as file:
      return file.read()

  def test_each_kind_is_read_as_far_as_it_may_be(self):
    for name, behind in (('plain', b''),
                         ('2.0 absolute', op_regions.TABLE),
                         ('2.1 relative', op_regions.TABLE),
                         # A read beyond the 8 KiB would end the kernel.
                         ('odd size', b'')):
      with self.subTest(name):
        self.start(name)
        # It has no plane, and can be asked all the same.
        self.host.wait_for_state('igd', 'plane-off', START_S)
        content = self.read()
        self.assertEqual(len(content), 0x2000 + len(behind))
        self.assertEqual(content[0x2000:], behind)
        # vfio-pci writes version and place of the table anew; see op_regions.
        self.assertEqual(content[0x400:0x2000],
                         op_regions.content(name)[0x400:0x2000])
        self.host.close()

  def test_a_device_that_vfio_pci_does_not_open_says_so(self):
    self.start('bad signature')
    self.host.wait_for_state('igd', 'unavailable', START_S)
    done = self.host.oriel('opregion', 'igd', timeout_s=START_S)
    self.assertEqual(done.returncode, 4, done.stdout)
    self.assertIn(guest_case.igd_address(), done.stderr)
