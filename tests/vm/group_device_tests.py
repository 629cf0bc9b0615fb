"""Devices that orield opens through their group, or gets from its launcher."""

import os

import guest_case
import oriel_host
import vfio
from guest_case import SIZE, START_S

setUpModule = guest_case.set_up_guest


class MdpyByGroup(guest_case.Case):
  """One daemon for all cases: starting one takes long here."""

  @classmethod
  def setUpClass(cls):
    mdev = cls.mdev('mdpy-vga')
    with vfio.Device(mdev) as device:
      cls.region_count = device.region_count()
      cls.plane = device.plane()
      cls.picture = guest_case.draw(device, seed=1)
    cls.share_host(guest_case.group_display('vgpu', mdev))
    cls.host.wait_for_state('vgpu', 'ready', START_S)

  def test_plane_query_finds_a_region_beyond_num_regions(self):
    fourcc, width, height, _, index = self.plane
    self.assertEqual((fourcc, width, height, index), ('XR24', *SIZE, 16))
    self.assertLess(self.region_count, 17)
    shown = self.oriel('show', 'vgpu')
    self.assertRegex(shown, r'region 16\b')
    self.assertIn('640x480', shown)
    self.assertIn('XR24', shown)

  def test_snapshot_is_pixel_exact(self):
    path = self.host.path('snapshot.png')
    self.oriel('snapshot', 'vgpu', '--output', path)
    self.assertEqual(self.picture.differences(path), '')

  def test_lossless_watch_ends_exact(self):
    self.assert_shows('vgpu', self.picture)

  def test_recording_has_at_least_35_db(self):
    path = self.host.path('recording.mp4')
    self.oriel('record', 'vgpu', '--output', path, '--duration', '3s')
    psnr = self.picture.psnr_db(path, self.host.path('frame.rgb'))
    self.assertGreaterEqual(psnr, 35.0)


class MdpyHandedOver(guest_case.Case):
  """The VMM keeps its device, and draws; Oriel gets a copy of the fd."""

  def test_what_the_vmm_draws_meanwhile_arrives_exactly(self):
    with vfio.Device(self.mdev('mdpy-vga')) as device:
      host = oriel_host.Host(guest_case.programs)
      self.addCleanup(host.close)
      guest_case.hand_over(host, 'vgpu', device)
      host.wait_for_state('vgpu', 'ready', START_S)
      for seed in (2, 3):
        self.assert_shows('vgpu', guest_case.draw(device, seed), host)


class RefusedDevices(guest_case.Case):
  """Nobody but root may open the group, and that once."""

  @classmethod
  def setUpClass(cls):
    cls.device = cls.mdev('mdpy-vga')

  def test_a_busy_group_names_its_holder(self):
    with vfio.Device(self.device):
      self.share_host(guest_case.group_display('busy', self.device))
      self.host.wait_for_state('busy', 'unavailable', START_S)
      shown = self.oriel('show', 'busy')
    self.assertIn(vfio.group_file(self.device), shown)
    self.assertIn('python3', shown)
    self.assertIn(str(os.getpid()), shown)

  def test_without_permission_the_file_is_named(self):
    self.share_host(guest_case.group_display('locked', self.device),
                    **guest_case.NOBODY)
    self.host.wait_for_state('locked', 'unavailable', START_S)
    shown = self.oriel('show', 'locked')
    self.assertIn(vfio.group_file(self.device), shown)
    self.assertRegex(shown.lower(), 'permission')
