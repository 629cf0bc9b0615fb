"""One measurement: a server, a scene, so many seconds."""

import dataclasses
import os
import statistics
import time

import oriel_host

_TICKS_PER_S = os.sysconf('SC_CLK_TCK')


@dataclasses.dataclass
class Sample:
  cpu_ms_per_s: float
  kb_per_s: float = 0.0
  updates_per_s: float = 0.0
  latencies_ms: list = dataclasses.field(default_factory=list)
  missed: int = 0


def cpu_seconds(pid):
  """User and system time of a process and the children it waited for."""
  with open(f'/proc/{pid}/stat', encoding='utf-8') as file:
    # The name, in parentheses, may hold spaces.
    fields = file.read().rsplit(')', 1)[1].split()
  return sum(int(value) for value in fields[11:15]) / _TICKS_PER_S


def latencies(drawn, seen):
  """(milliseconds of each drawing that was seen, number of the others).

  Args:
    drawn, seen: [(code, microseconds)], both in order of time. A code comes
      again after a while, so a sight belongs to the latest drawing of its
      code.
  """
  found, missed = [], 0
  for i, (code, time_us) in enumerate(drawn):
    until = min((t for c, t in drawn[i + 1:] if c == code),
                default=float('inf'))
    sights = [t for c, t in seen if c == code and time_us <= t < until]
    if sights:
      found.append((sights[0] - time_us) / 1000)
    else:
      missed += 1
  return found, missed


def parse(lines, word):
  return [(int(line.split()[1]), int(line.split()[2])) for line in lines
          if line.startswith(word + ' ')]


def measure_idle(pid, seconds):
  before = cpu_seconds(pid)
  time.sleep(seconds)
  return Sample((cpu_seconds(pid) - before) * 1000 / seconds)


def measure(server, scene, flasher_path, seconds, settle_s):
  """A Sample of the server while the scene plays."""
  viewing = server.begin()
  try:
    oriel_host.wait_until(lambda: parse(viewing.lines(), 'seen'),
                          f'{server.name}: first picture', [viewing.eye])
    scene.begin()
    # The first picture and the scene's start are not what is measured.
    time.sleep(settle_s)
    flasher = scene.screen.start(f'flasher-{os.urandom(4).hex()}',
                                 [flasher_path, str(seconds)])
    before_cpu, start = cpu_seconds(viewing.server_pid), time.monotonic()
    flasher.popen.wait(seconds + 30)
    end = time.monotonic()
    cpu = cpu_seconds(viewing.server_pid) - before_cpu
    # The last drawing is on its way.
    time.sleep(0.3)
    scene.end()
  finally:
    server.end(viewing)
  lines = viewing.lines()
  found, missed = latencies(parse(flasher.log().splitlines(), 'drawn'),
                            parse(lines, 'seen'))
  sizes = [size for time_us, size in parse(lines, 'received')
           if start <= time_us / 1e6 <= end]
  elapsed = end - start
  return Sample(cpu * 1000 / elapsed, sum(sizes) / 1000 / elapsed,
                len(sizes) / elapsed, found, missed)


def median_sample(samples):
  """Medians over repeats; latencies of all repeats together."""
  return Sample(
      statistics.median(s.cpu_ms_per_s for s in samples),
      statistics.median(s.kb_per_s for s in samples),
      statistics.median(s.updates_per_s for s in samples),
      sorted(x for s in samples for x in s.latencies_ms),
      sum(s.missed for s in samples))


def percentile(values, percent):
  """Nearest rank; nan of nothing."""
  if not values:
    return float('nan')
  return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
