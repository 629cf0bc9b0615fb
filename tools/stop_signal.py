"""One clean end for each wish to stop; base/stop_guard.h's rules for tools."""

import os
import signal
import sys
import time

# A wish often comes twice: timeout(1) signals its child and the child's group.
REPEAT_WINDOW_S = 1.0

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
  """Raised in the main thread at the first signal, once."""

  def __init__(self, number):
    super().__init__(signal.Signals(number).name)
    self.number = number


class StopSequence:
  """What signals mean together, by the times at which they come."""

  def __init__(self):
    self._first_s = None

  def meaning(self, now_s):
    """'stop', 'repeat' (of the first) or 'end now'."""
    if self._first_s is None:
      self._first_s = now_s
      return 'stop'
    return 'repeat' if now_s - self._first_s < REPEAT_WINDOW_S else 'end now'


_last_acts = []


def at_end_now(act):
  """Calls act() before a second signal ends the process."""
  _last_acts.append(act)


def install():
  """SIGINT, SIGTERM and SIGHUP raise Stopped; a repeat does nothing, and a
  second signal ends the process at once."""
  sequence = StopSequence()

  def on_signal(number, _):
    meaning = sequence.meaning(time.monotonic())
    if meaning == 'stop':
      raise Stopped(number)
    if meaning == 'end now':
      for act in _last_acts:
        act()
      sys.stderr.flush()
      os._exit(128 + number)

  for number in SIGNALS:
    # nohup(1) ignores a hang-up, and that wish holds.
    if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
      signal.signal(number, on_signal)
