"""Films on the screen."""

import os
import subprocess
import time

_SECONDS = 3
_HERTZ = 30


def make(folder, width, height):
  """A film with smooth areas, edges, motion and grain; decoding costs nothing,
  so that the player takes little of the processors. Its path."""
  path = os.path.join(folder, f'film-{width}x{height}.nut')
  if not os.path.exists(path):
    subprocess.run(
        ['ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i',
         f'mandelbrot=size={width}x{height}:rate={_HERTZ}:start_scale=0.5:'
         'end_scale=0.05:end_pts=300:maxiter=1000', '-t', str(_SECONDS), '-vf',
         'gblur=0.8,noise=all_seed=1:alls=7:allf=t,format=yuv420p',
         '-c:v', 'rawvideo', path], check=True)
  return path


def start_player(screen, area):
  left, top, width, height = area
  # Its clock is the film: after a pause it goes on, and skips nothing.
  player = screen.start(
      f'ffplay-{width}',
      ['ffplay', '-v', 'error', '-noborder', '-left', str(left), '-top',
       str(top), '-loop', '0', '-an', '-sync', 'video',
       make(screen.folder, width, height)],
      SDL_RENDER_DRIVER='software', SDL_FRAMEBUFFER_ACCELERATION='0')
  screen.wait_for_window('ffplay')
  time.sleep(1)
  return player


def ssim_of_log(text):
  """Of ffmpeg's ssim filter; of brightness, which the eye is keen on."""
  for word in text.split():
    if word.startswith('Y:'):
      return float(word[2:])
  raise ValueError(f'no SSIM in: {text}')


def ssim(picture_path, other_path, screen_size, area):
  """Of two pictures of the screen in files of BGRX, in this area."""
  left, top, width, height = area
  size = f'{screen_size[0]}x{screen_size[1]}'
  raw = ['-f', 'rawvideo', '-pix_fmt', 'bgr0', '-s', size, '-i']
  crop = f'crop={width}:{height}:{left}:{top},format=yuv444p'
  done = subprocess.run(
      ['ffmpeg', '-nostdin', '-v', 'info'] + raw + [picture_path] + raw +
      [other_path, '-lavfi', f'[0]{crop}[a];[1]{crop}[b];[a][b]ssim', '-f',
       'null', '-'], check=True, stderr=subprocess.PIPE, encoding='utf-8')
  return ssim_of_log(done.stderr[done.stderr.rindex('SSIM'):])
