"""stream_probe.cc from Python: when a display is shown and a stream ends."""

import os
import queue
import subprocess
import threading

import guest_case
import oriel_host


class StreamProbe:
  """A viewer that comes back whenever its stream has ended; a context
  manager."""

  def __init__(self, host, display):
    oriel_host.wait_until(lambda: os.path.exists(host.path('oriel.sock')),
                          'socket of orield', [host.orield],
                          guest_case.START_S)
    self._popen = subprocess.Popen(
        [guest_case.programs['stream_probe'], host.server, display],
        stdout=subprocess.PIPE, encoding='utf-8')
    self._lines = queue.Queue()
    self._reader = threading.Thread(target=self._read, daemon=True)
    self._reader.start()

  def __enter__(self):
    return self

  def __exit__(self, *unused):
    self._popen.kill()
    self._popen.wait()
    self._reader.join()
    self._popen.stdout.close()

  def _read(self):
    for line in self._popen.stdout:
      self._lines.put(line)
    self._lines.put('')

  def wait_for(self, event):
    """The time.monotonic() of the next event, and its text."""
    line = self._lines.get(timeout=guest_case.START_S)
    found = line.rstrip().split(' ', 2)
    if len(found) < 3 or found[1] != event:
      raise RuntimeError(f'not {event}, but {line!r}')
    return float(found[0]), found[2]
