"""Planes that are dma-bufs, whose driver (mbochs) changes mode under way."""

import guest_case
import vmm_player
from guest_case import START_S

setUpModule = guest_case.set_up_guest


class DmaBufs(guest_case.Case):
  """The VMM says display=off, so nobody else asks for its dma-bufs; it plays
  the guest's driver of a Bochs display, too."""

  @classmethod
  def setUpClass(cls):
    cls.lend_devices()

  def start_vmm(self, name, parent_type):
    """And the name of its display."""
    mdev = self.mdev(parent_type)
    vmm = vmm_player.Vmm(name, [mdev])
    self.addCleanup(vmm.__exit__)
    return vmm, f'{name}.{mdev}'

  def test_mode_changes_while_streaming_end_exact(self):
    vmm, display = self.start_vmm('modes', 'mbochs_mappable-small')
    # No guest's driver yet.
    self.host.wait_for_state(display, 'plane-off', START_S, 'driver')
    self.assert_shows(display, vmm.set_bochs_mode(1, 320, 240))
    viewer = self.start_viewer(display)
    # Another size; another stride alone; smaller.
    for mode in ((2, 400, 300), (3, 400, 300, 2048), (4, 256, 128)):
      self.assert_shows(display, vmm.set_bochs_mode(*mode))
    vmm.set_bochs_mode(0, 0, 0)
    self.host.wait_for_state(display, 'plane-off', START_S)
    self.assert_shows(display, vmm.set_bochs_mode(5, 320, 240))
    # One stream has seen it all.
    viewer.check_running()

  def test_what_only_a_gpu_can_import_says_so(self):
    vmm, display = self.start_vmm('stock', 'mbochs-small')
    vmm.set_bochs_mode(1, 320, 240)
    # Looked at when somebody does.
    self.start_viewer(display)
    self.host.wait_for_state(display, 'plane-off', START_S, 'GPU import')
