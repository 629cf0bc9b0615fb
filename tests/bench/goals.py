"""What Oriel wants to reach, scene by scene."""

import dataclasses
from typing import Callable

import bench
import measure
import scenes

PEER = 'ffmpeg x11grab'
_TEXT_HEIGHT_PX = 16
# The goals are of the first of these that was measured.
_JUDGED = ('Oriel ADAPTIVE', 'Oriel LOSSLESS')


@dataclasses.dataclass
class Goal:
  scene: str
  text: str
  # (Oriel's Sample, the peer's or None) -> a number, or None: not measured.
  value: Callable
  limit: float
  at_least: bool = False

  def met(self, value):
    return value >= self.limit if self.at_least else value <= self.limit


def _cpu(sample, unused_peer):
  return sample.cpu_ms_per_s


def _kb(sample, unused_peer):
  return sample.kb_per_s


def _updates(sample, unused_peer):
  return sample.updates_per_s


def _exact(sample, unused_peer):
  return None if sample.exact is None else float(sample.exact)


def _cpu_ratio(sample, peer):
  return sample.cpu_ms_per_s / peer.cpu_ms_per_s if peer else None


def _kb_ratio(sample, peer):
  return sample.kb_per_s / peer.kb_per_s if peer and peer.kb_per_s else None


def _latency(percent):
  def value(sample, unused_peer):
    found = sample.latencies_ms
    return measure.percentile(found, percent) if found else None
  return value


def _goals():
  def exact(scene):
    return Goal(scene, 'exact after 2 s', _exact, 1, at_least=True)

  def part_of_peer(scene, cpu, kb):
    return [Goal(scene, f'CPU / {PEER}', _cpu_ratio, cpu),
            Goal(scene, f'bytes / {PEER}', _kb_ratio, kb), exact(scene)]

  typing, scrolling = scenes.Typing.name, scenes.Scrolling.name
  film, whole = scenes.Film.name, scenes.WholeScreenFilm.name
  return [
      Goal(scenes.Idle.name, 'CPU ms/s', _cpu, 5),
      Goal(bench.IDLE_LONG, 'CPU ms/s', _cpu, 1.5),
      Goal(typing, 'CPU ms/s', _cpu, 8),
      Goal(typing, 'kB/s', _kb, 2),
      exact(typing),
      # The marker keeps changing while somebody types.
      Goal(typing, 'hot latency p50 ms', _latency(50), 10),
      Goal(typing, 'hot latency p95 ms', _latency(95), 18),
      Goal(scrolling, 'CPU ms/s', _cpu, 25),
      Goal(scrolling, 'kB/s', _kb, 45),
      exact(scrolling),
      *part_of_peer(scenes.WebPage.name, 1 / 3, 1 / 4),
      *part_of_peer(scenes.Dragged.name, 1 / 3, 1 / 4),
      Goal(film, 'updates/s', _updates, 29, at_least=True),
      Goal(film, 'CPU ms/s', _cpu, 120),
      Goal(film, f'bytes / {PEER}', _kb_ratio, 1),
      exact(film),
      Goal(whole, f'CPU / {PEER}', _cpu_ratio, 1),
      Goal(whole, f'bytes / {PEER}', _kb_ratio, 1),
  ] + [Goal(bench.change_name(rest_s, size_px), f'p{percent} ms',
            _latency(percent), limit)
       for rest_s, size_px, _ in bench.CHANGES_MEASURED
       for percent, limit in _latencies_after_rest(rest_s, size_px)]


def _latencies_after_rest(rest_s, size_px):
  """((percentile, ms), ...). What is as high as text is seen at one of the
  next ticks; of anything lower only the longest time is promised."""
  long_rest = rest_s >= measure.LONG_REST_S
  if size_px >= _TEXT_HEIGHT_PX:
    return ((95, 100),) if long_rest else ((50, 20), (95, 30))
  return ((95, 1600),) if long_rest else ((95, 320),)


def judge(results):
  """[(Goal, server, value)] of what was measured."""
  judged = []
  samples = {**results.scenes, **results.changes}
  for goal in _goals():
    by_server = samples.get(goal.scene, {})
    server = next((name for name in _JUDGED if name in by_server), None)
    if server:
      value = goal.value(by_server[server], by_server.get(PEER))
      if value is not None:
        judged.append((goal, server, value))
  return judged


def _number(value):
  return f'{value:.0f}' if value >= 100 else f'{value:.2g}'


def table(results):
  """Markdown; empty when nothing with a goal was measured."""
  judged = judge(results)
  if not judged:
    return ''
  lines = ['| scene | server | what | goal | measured | |',
           '| --- | --- | --- | --- | --- | --- |']
  for goal, server, value in judged:
    if goal.value is _exact:
      wanted, found = 'yes', 'yes' if value else 'no'
    else:
      sign = 'at least' if goal.at_least else 'at most'
      wanted, found = f'{sign} {_number(goal.limit)}', _number(value)
    met = 'met' if goal.met(value) else '**not met**'
    lines.append(f'| {goal.scene} | {server} | {goal.text} | {wanted} | '
                 f'{found} | {met} |')
  return '\n'.join(lines) + '\n'
