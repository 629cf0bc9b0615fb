"""One measurement: a server, a scene, so many seconds."""

import dataclasses
import os
import statistics
import time

import film
import oriel_host

# After this long at rest a viewer's picture should be exact.
_EXACT_AFTER_S = 2
# After this long at rest the film's last frame has come, and no refinement.
_FILM_LAG_S = 0.08
# A display that has been at rest so long may be looked at less often.
LONG_REST_S = 12


@dataclasses.dataclass
class Sample:
  cpu_ms_per_s: float
  kb_per_s: float = 0.0
  updates_per_s: float = 0.0
  latencies_ms: list = dataclasses.field(default_factory=list)
  missed: int = 0
  # None: not looked at.
  exact: bool = None
  ssim: float = None


def cpu_seconds(pid):
  """User and system time of a process, to the nanosecond."""
  # What clock_getcpuclockid(3) makes of another process's id.
  return time.clock_gettime(~pid << 3 | 2)


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


def same_picture(picture, other):
  """Whether BGRX pixels are equal; X does not matter."""
  return all(picture[i::4] == other[i::4] for i in range(3))


class _Spent:
  """What a server spends, and its viewer gets, from now until stop()."""

  def __init__(self, viewing):
    self.viewing = viewing
    self.cpu_s = cpu_seconds(viewing.server_pid)
    self.start_s = time.monotonic()

  def stop(self):
    """A Sample without latencies."""
    end = time.monotonic()
    cpu = cpu_seconds(self.viewing.server_pid) - self.cpu_s
    elapsed = end - self.start_s
    sizes = [size for time_us, size in parse(self.viewing.lines(), 'received')
             if self.start_s <= time_us / 1e6 <= end]
    return Sample(cpu * 1000 / elapsed, sum(sizes) / 1000 / elapsed,
                  len(sizes) / elapsed)


def measure_unwatched(pid, seconds):
  before = cpu_seconds(pid)
  time.sleep(seconds)
  return Sample((cpu_seconds(pid) - before) * 1000 / seconds)


def _begin(server):
  viewing = server.begin()
  oriel_host.wait_until(lambda: parse(viewing.lines(), 'seen'),
                        f'{server.name}: first picture', [viewing.eye])
  time.sleep(server.warm_up_s)
  return viewing


def _flash(screen, flasher_path, seconds, *options):
  """The lines of a flasher that ran to its end."""
  flasher = screen.start(f'flasher-{os.urandom(4).hex()}', [
      flasher_path, str(seconds)] + [str(option) for option in options])
  flasher.popen.wait(seconds + 30)
  flasher.check_succeeded()
  return flasher.log().splitlines()


def measure(server, scene, flasher_path, seconds, settle_s, judge):
  """A Sample of the server while the scene plays. `judge`: also of the
  viewer's picture, after it."""
  viewing = _begin(server)
  try:
    scene.begin()
    # The first picture and the scene's start are not what is measured.
    time.sleep(settle_s)
    spent = _Spent(viewing)
    drawn = _flash(scene.screen, flasher_path, seconds)
    sample = spent.stop()
    # The last drawing is on its way.
    time.sleep(0.3)
    scene.rest()
    if judge:
      _judge(sample, viewing, scene)
  finally:
    scene.rest()
    server.end(viewing)
  sample.latencies_ms, sample.missed = latencies(
      parse(drawn, 'drawn'), parse(viewing.lines(), 'seen'))
  return sample


def _judge(sample, viewing, scene):
  """The film's similarity at once, and then whether the picture is exact."""
  rested_at = time.monotonic()
  if scene.film_area:
    time.sleep(_FILM_LAG_S)
    shown = viewing.picture()
    truth = shown + '.truth'
    with open(truth, 'wb') as file:
      file.write(scene.screen.picture())
  time.sleep(max(0.0, rested_at + _EXACT_AFTER_S - time.monotonic()))
  last = viewing.picture()
  with open(last, 'rb') as file:
    sample.exact = same_picture(file.read(), scene.screen.picture())
  os.remove(last)
  if scene.film_area:
    sample.ssim = film.ssim(shown, truth, scene.screen.size, scene.film_area)
    os.remove(shown)
    os.remove(truth)


def measure_rest(server, scene, seconds):
  """Samples of the first seconds of rest, and after a long rest."""
  viewing = _begin(server)
  try:
    rested_at = time.monotonic()
    samples = []
    for wait_s in (1, LONG_REST_S):
      time.sleep(max(0.0, rested_at + wait_s - time.monotonic()))
      spent = _Spent(viewing)
      time.sleep(seconds)
      samples.append(spent.stop())
    _judge(samples[-1], viewing, scene)
  finally:
    server.end(viewing)
  return samples


def measure_changes(server, scene, flasher_path, pause_s, size_px, count):
  """A Sample of the latencies of so many changes of this size, each after a
  pause."""
  viewing = _begin(server)
  try:
    # A pause is up to 0.1 s longer than it was asked to be.
    seconds = count * (pause_s + 0.1) + 0.1
    drawn = _flash(scene.screen, flasher_path, seconds, round(pause_s * 1000),
                   size_px)
    time.sleep(0.3)
  finally:
    server.end(viewing)
  found, missed = latencies(parse(drawn, 'drawn'),
                            parse(viewing.lines(), 'seen'))
  return Sample(0.0, latencies_ms=found, missed=missed)


def median_sample(samples):
  """Medians over repeats; latencies of all repeats together; the picture's
  judgement is the last."""
  def judged(values):
    return next((v for v in reversed(values) if v is not None), None)
  return Sample(
      statistics.median(s.cpu_ms_per_s for s in samples),
      statistics.median(s.kb_per_s for s in samples),
      statistics.median(s.updates_per_s for s in samples),
      sorted(x for s in samples for x in s.latencies_ms),
      sum(s.missed for s in samples),
      judged([s.exact for s in samples]), judged([s.ssim for s in samples]))


def percentile(values, percent):
  """Nearest rank; nan of nothing."""
  if not values:
    return float('nan')
  return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]
