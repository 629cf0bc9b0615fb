"""Planes that are dma-bufs, whose driver (mbochs) changes mode under way."""


import guest_case
import known_picture
import oriel_host
import vfio
from guest_case import START_S

setUpModule = guest_case.set_up_guest


class DmaBufs(guest_case.Case):
  """The test is the guest, which sets the modes of a Bochs display."""

  def hand_over(self, parent_type):
    device = vfio.Device(self.mdev(parent_type))
    self.addCleanup(device.close)
    self.host = oriel_host.Host(guest_case.programs)
    self.addCleanup(self.host.close)
    guest_case.hand_over(self.host, 'vgpu', device)
    return device

  def set_mode(self, device, seed, width, height, stride=0):
    """A mode with a picture; the picture."""
    picture = known_picture.Picture(width, height, seed=seed)
    stride = stride or 4 * width
    device.draw_at(0, picture.rows, stride)
    device.set_bochs_mode(width, height, stride)
    return picture

  def test_mode_changes_while_streaming_end_exact(self):
    device = self.hand_over('mbochs_mappable-small')
    # No guest's driver yet.
    self.host.wait_for_state('vgpu', 'plane-off', START_S, 'driver')
    self.assert_shows('vgpu', self.set_mode(device, 1, 320, 240))
    viewer = self.start_viewer('vgpu')
    # Another size; another stride alone; smaller.
    for mode in ((2, 400, 300), (3, 400, 300, 2048), (4, 256, 128)):
      self.assert_shows('vgpu', self.set_mode(device, *mode))
    device.set_bochs_mode(0, 0, 0)
    self.host.wait_for_state('vgpu', 'plane-off', START_S)
    self.assert_shows('vgpu', self.set_mode(device, 5, 320, 240))
    # One stream has seen it all.
    viewer.check_running()

  def test_what_only_a_gpu_can_import_says_so(self):
    device = self.hand_over('mbochs-small')
    self.set_mode(device, 1, 640, 480)
    self.host.wait_for_state('vgpu', 'plane-off', START_S, 'GPU import')
