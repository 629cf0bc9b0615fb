"""Nothing is left behind by devices that come and go."""

import os
import threading
import time

import guest_case
import stream_probe
import vfio
from guest_case import START_S

setUpModule = guest_case.set_up_guest

ROUNDS = int(os.environ.get('ORIEL_VM_ROUNDS', '1000'))
# As many as mdpy has room for; most of a round is waiting.
DEVICES = 4
WARM_UP_ROUNDS = 10
_GRPC_THREADS = ('grpc', 'event_engine', 'default-executo', 'nexting_thread',
                 'resolver-execut', 'timer_manager', 'orield')
_STEP_THREAD = 'lane-step'
# Of malloc, which may keep an arena more or less.
SPARE_MAPPINGS = 20


class Holdings:
  """What a process has open, mapped and running."""

  def __init__(self, pid):
    folder = f'/proc/{pid}'
    self.fds = sorted(os.readlink(f'{folder}/fd/{fd}').split(':')[0]
                      for fd in os.listdir(f'{folder}/fd'))
    names = []
    for task in os.listdir(f'{folder}/task'):
      with open(f'{folder}/task/{task}/comm', encoding='utf-8') as file:
        names.append(file.read().strip())
    # gRPC has a pool of its own, which grows and shrinks as it likes.
    own = [n for n in names if not n.startswith(_GRPC_THREADS)]
    self.grpc_threads = len(names) - len(own)
    # As many as were ever needed at once.
    self.threads = sorted(n for n in own if n != _STEP_THREAD)
    self.step_threads = len(own) - len(self.threads)
    with open(f'{folder}/maps', encoding='utf-8') as file:
      self.mappings = file.read().splitlines()


class Churn(threading.Thread):
  """One device that is created, watched and removed, again and again."""

  def __init__(self, probe, device, barrier):
    super().__init__()
    self._probe, self._device, self._barrier = probe, device, barrier
    self.error = None

  def run(self):
    try:
      self._rounds(WARM_UP_ROUNDS, exists=True)
      # The test counts what orield holds, then lets all go on.
      self._barrier.wait(START_S)
      self._barrier.wait(START_S)
      self._rounds(ROUNDS // DEVICES, exists=False)
    except Exception as error:  # pylint: disable=broad-except
      self.error = error
      self._barrier.abort()

  def _rounds(self, count, exists):
    for _ in range(count):
      if not exists:
        vfio.create_mdev('mdpy-vga', self._device)
      self._probe.wait_for('shown')
      vfio.remove_mdev(self._device)
      self._probe.wait_for('ended')
      exists = False


class Rounds(guest_case.Case):
  """Create, stream, remove."""

  def test_nothing_leaks(self):
    devices = [self.mdev('mdpy-vga') for _ in range(DEVICES)]
    displays = [f'vgpu{i}' for i in range(DEVICES)]
    self.share_host(''.join(map(guest_case.group_display, displays, devices)))
    barrier = threading.Barrier(DEVICES + 1)
    churns = []
    for display, device in zip(displays, devices):
      self.host.wait_for_state(display, 'ready', START_S)
      probe = stream_probe.StreamProbe(self.host, display)
      self.addCleanup(probe.__exit__)
      churns.append(Churn(probe, device, barrier))
    for churn in churns:
      churn.start()
    before, begin = self.holdings_between(barrier)
    for churn in churns:
      churn.join()
    self.assertEqual([churn.error for churn in churns], [None] * DEVICES)
    after = Holdings(self.host.orield.pid)
    print(f'{ROUNDS} rounds in {time.monotonic() - begin:.1f} s')
    self.assertEqual(after.fds, before.fds)
    self.assertEqual(after.threads, before.threads)
    # A display's lane is at work while those before close their encoders; a
    # leak would be one a round.
    self.assertLessEqual(after.step_threads, 4 * DEVICES)
    self.assertLessEqual(after.grpc_threads, before.grpc_threads + 8)
    self.assertFalse([line for line in after.mappings if 'vfio' in line])
    self.assertLessEqual(len(after.mappings),
                         len(before.mappings) + SPARE_MAPPINGS)

  def holdings_between(self, barrier):
    """What orield holds once all have warmed up, and when they went on."""
    try:
      barrier.wait(START_S)
      before = Holdings(self.host.orield.pid)
      barrier.wait(START_S)
    except threading.BrokenBarrierError:
      # A churn's own error is told.
      before = None
    return before, time.monotonic()
