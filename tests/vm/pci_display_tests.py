"""A plane in the memory of a PCI function."""

import guest_case
import oriel_host
import vfio
from guest_case import DISPLAY, START_S

setUpModule = guest_case.set_up_guest


class MemoryDecoding(guest_case.Case):
  """The guest switches it off and on, as while it boots; reading the mapping
  then is a bus error."""

  def test_off_is_told_and_on_is_shown_again(self):
    with vfio.Device(DISPLAY) as device:
      picture = guest_case.draw(device, seed=1)
      self.host = oriel_host.Host(guest_case.programs)
      self.addCleanup(self.host.close)
      guest_case.hand_over(self.host, 'vgpu', device)
      self.host.wait_for_state('vgpu', 'ready', START_S)
      self.assert_shows('vgpu', picture)
      viewer = self.start_viewer('vgpu')
      for seed in (2, 3):
        device.set_memory_decoding(False)
        self.host.wait_for_state('vgpu', 'plane-off', START_S, 'memory')
        device.set_memory_decoding(True)
        self.host.wait_for_state('vgpu', 'ready', START_S)
        self.assert_shows('vgpu', guest_case.draw(device, seed))
      # One stream has seen it all.
      viewer.check_running()
