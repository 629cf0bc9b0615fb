"""Who hangs keeps no device that its VMM let go of; who goes on finds all again.

SIGSTOP stands in for a hang, and SIGKILL for systemd's watchdog.
"""

import os
import signal

import guest_case
import oriel_host
import vfio
import vmm_player
from guest_case import START_S

setUpModule = guest_case.set_up_guest


def device_fds(process):
  """How many fds of VFIO devices a process has open."""
  folder = f'/proc/{process.pid}/fd'
  count = 0
  for fd in os.listdir(folder):
    try:
      count += 'vfio-device' in os.readlink(os.path.join(folder, fd))
    except FileNotFoundError:
      pass
  return count


class HungPrograms(guest_case.Case):

  @classmethod
  def setUpClass(cls):
    cls.lend_devices()

  def start_vmm(self, name):
    mdev = self.mdev('mdpy-vga')
    vmm = vmm_player.Vmm(name, [mdev])
    self.addCleanup(vmm.__exit__)
    display = f'{name}.{mdev}'
    self.host.wait_for_state(display, 'ready', START_S)
    # Only orield has a copy now.
    self.wait_until(lambda: device_fds(self.borrow) == 0, 'copy closed')
    return vmm, mdev, display

  def wait_until(self, condition, what):
    oriel_host.wait_until(condition, what, [self.borrow, self.host.orield],
                          START_S)

  def stop(self, process):
    process.popen.send_signal(signal.SIGSTOP)
    self.addCleanup(process.popen.send_signal, signal.SIGCONT)

  def go_on(self, process):
    process.popen.send_signal(signal.SIGCONT)

  def assert_lent_again(self, mdev, name):
    """A VM with the device is shown as if nothing had been."""
    with vmm_player.Vmm(name, [mdev]) as vmm:
      self.host.wait_for_state(f'{name}.{mdev}', 'ready', START_S)
      self.assert_shows(f'{name}.{mdev}', vmm.draw(seed=5))

  def test_a_dead_vms_group_is_free_though_oriel_borrow_is_stopped(self):
    vmm, mdev, _ = self.start_vmm('dies')
    self.stop(self.borrow)
    vmm.kill()
    vfio.wait_for_free_group(mdev)
    self.go_on(self.borrow)
    self.assert_lent_again(mdev, 'dies')

  def test_a_closed_device_is_let_go_of_though_oriel_borrow_is_stopped(self):
    vmm, mdev, display = self.start_vmm('closes')
    viewer = self.start_viewer(display)
    self.stop(self.borrow)
    vmm.ask('close', device=0)
    vfio.wait_for_free_group(mdev)
    self.assert_ended(viewer, 'stopped, or stuck')
    self.go_on(self.borrow)
    self.assert_lent_again(mdev, 'closes')

  def test_oriel_borrow_notices_that_orield_is_stopped(self):
    vmm, _, display = self.start_vmm('lives')
    orield = self.host.orield
    self.stop(orield)
    self.wait_until(lambda: 'event=orield_silent' in self.borrow.log(),
                    'silence noticed')
    self.go_on(orield)
    self.wait_until(lambda: self.borrow.log().count(f'display={display} vm') > 1,
                    'offered again')
    self.host.wait_for_state(display, 'ready', START_S)
    self.assert_shows(display, vmm.draw(seed=6))


class KilledOrield(guest_case.Case):

  def test_systemds_watchdog_frees_a_dead_vms_group(self):
    self.lend_devices()
    mdev = self.mdev('mdpy-vga')
    with vmm_player.Vmm('dies', [mdev]):
      self.host.wait_for_state(f'dies.{mdev}', 'ready', START_S)
      self.host.orield.popen.send_signal(signal.SIGSTOP)
    self.host.orield.kill()
    vfio.wait_for_free_group(mdev)
