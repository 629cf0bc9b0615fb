"""Measures Oriel beside ffmpeg x11grab on one X screen, in turns."""

import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, 'tools'), os.path.join(ROOT, 'tests')]

import measure
import oriel_host
import scenes
import servers
import x_screen


def run(programs, seconds, repeats, settle_s=1.0, progress=lambda text: None):
  """(idle Sample, {scene: {server: Sample}}).

  Args:
    programs: {name: path} of oriel-sim, orield, oriel, flasher, oriel_eye,
      ffmpeg_eye.
  """
  with oriel_host.Host(programs, prefix='oriel-bench-') as host:
    screen = x_screen.XScreen(host)
    options = ['--scene', f'xwd:{screen.file}']
    host.start_sim('screen', *options)
    host.start_orield(
        host.display_config('screen', host.framebuffer_config(*options)))
    host.wait_for_state('screen', 'ready')
    contestants = [
        servers.Oriel(host, screen, programs['oriel_eye'], 'LOSSLESS'),
        servers.Oriel(host, screen, programs['oriel_eye'], 'H264'),
        servers.FfmpegX11grab(host, screen, programs['ffmpeg_eye']),
    ]
    progress('idle')
    idle = measure.measure_idle(host.orield.pid, seconds)
    results = {}
    for scene_class in scenes.SCENES:
      results[scene_class.name] = _run_scene(
          scene_class(screen), contestants, programs['flasher'], seconds,
          repeats, settle_s, progress)
    return idle, results


def _run_scene(scene, contestants, flasher, seconds, repeats, settle_s,
               progress):
  scene.prepare()
  samples = {server.name: [] for server in contestants}
  try:
    for repeat in range(repeats):
      for server in contestants:
        progress(f'{scene.name}: {server.name}, {repeat + 1} of {repeats}')
        samples[server.name].append(
            measure.measure(server, scene, flasher, seconds, settle_s))
  finally:
    scene.close()
  return {name: measure.median_sample(s) for name, s in samples.items()}
