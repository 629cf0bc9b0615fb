"""The guest's kernel: Debian's own, with modules that Debian does not build."""

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
SOURCE_TAR = '/usr/src/linux-source-6.1.tar.xz'
SAMPLES = 'linux-source-6.1/samples/vfio-mdev'
MODULES = ('mdpy.ko', 'mbochs.ko', 'mbochs_mappable.ko', 'igdfake.ko',
           'vfio_display.ko')
_OWN_SOURCES = ('igdfake', 'vfio_display')
# What the initramfs loads, in this order, with what they depend on.
_BOOT_MODULES = ('virtio_pci', '9p', '9pnet_virtio', 'overlay')


class Missing(Exception):
  """Something of tools/packages.txt is not installed."""


def version():
  """The newest installed kernel that has an image and headers."""
  found = [v for v in os.listdir('/lib/modules')
           if os.path.exists(f'/boot/vmlinuz-{v}') and
           os.path.isdir(f'/lib/modules/{v}/build')] if os.path.isdir(
               '/lib/modules') else []
  if not found:
    raise Missing('no kernel with headers; install linux-image-amd64 and '
                  'linux-headers-amd64 (tools/install_packages)')
  return max(found, key=lambda v: [int(p) if p.isdigit() else 0
                                   for p in v.replace('-', '.').split('.')])


def _run(command, **kwargs):
  done = subprocess.run(command, stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT, encoding='utf-8', **kwargs)
  if done.returncode != 0:
    raise RuntimeError(f'{" ".join(command)}: {done.stdout}')
  return done.stdout


def _cache_folder():
  home = pwd.getpwuid(os.getuid()).pw_dir
  folder = os.path.join(os.environ.get('XDG_CACHE_HOME') or
                        os.path.join(home, '.cache'), 'oriel')
  try:
    os.makedirs(folder, exist_ok=True)
    return folder
  except OSError:
    return os.environ.get('TEST_TMPDIR') or tempfile.mkdtemp()


def _own_sources():
  return [os.path.join(HERE, name, f'{name}.c') for name in _OWN_SOURCES]


def _cache_key(kernel):
  digest = hashlib.sha256(kernel.encode())
  # A new linux-source package has another size or time.
  stat = os.stat(SOURCE_TAR)
  digest.update(f'{stat.st_size} {stat.st_mtime_ns}'.encode())
  for path in [os.path.realpath(__file__)] + _own_sources():
    with open(path, 'rb') as file:
      digest.update(file.read())
  return f'vm-modules-{kernel}-{digest.hexdigest()[:16]}'


def build_modules(kernel):
  """The folder with MODULES, built once for a kernel and these sources."""
  if not os.path.exists(SOURCE_TAR):
    raise Missing(f'no {SOURCE_TAR}; install linux-source-6.1 '
                  '(tools/install_packages)')
  cache = _cache_folder()
  folder = os.path.join(cache, _cache_key(kernel))
  with open(os.path.join(cache, 'vm-modules.lock'), 'w') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not os.path.isdir(folder):
      with tempfile.TemporaryDirectory(dir=cache) as work:
        _build(kernel, work)
        os.rename(os.path.join(work, 'built'), folder)
  return folder


def _build(kernel, work):
  _run(['tar', '--extract', '--file', SOURCE_TAR, '--directory', work,
        '--wildcards', f'{SAMPLES}/*'])
  source = os.path.join(work, 'source')
  os.makedirs(source)
  for name in ('mdpy.c', 'mdpy-defs.h', 'mbochs.c'):
    shutil.copy(os.path.join(work, SAMPLES, name), source)
  for path in _own_sources():
    shutil.copy(path, source)
  _write_mappable_mbochs(source)
  with open(os.path.join(source, 'Kbuild'), 'w', encoding='utf-8') as file:
    objects = ' '.join(name.replace('.ko', '.o') for name in MODULES)
    file.write(f'obj-m := {objects}\n')
  _run(['make', '-C', f'/lib/modules/{kernel}/build', f'M={source}', 'modules'])
  built = os.path.join(work, 'built')
  os.makedirs(built)
  for name in MODULES:
    shutil.copy(os.path.join(source, name), built)


# (old, new) of mbochs.c. Another name; the flag and the whole pages without
# which no processor can map a dma-buf; and a dma-buf that is closed is
# forgotten, because mbochs puts its pages once more each time that it is
# exported and closed again.
_MAPPABLE_MBOCHS = (
    ('"mbochs"', '"mbochs_mappable"'),
    ('exp_info.size = dmabuf->mode.size;',
     'exp_info.flags = O_RDWR;\n'
     '\texp_info.size = PAGE_ALIGN(dmabuf->mode.size);'),
    ('\tif (dmabuf->unlinked)\n\t\tkfree(dmabuf);\n',
     '\tif (!dmabuf->unlinked)\n\t\tlist_del(&dmabuf->next);\n'
     '\tkfree(dmabuf);\n'),
)


def _write_mappable_mbochs(source):
  """mbochs as other drivers are: see above."""
  with open(os.path.join(source, 'mbochs.c'), encoding='utf-8') as file:
    text = file.read()
  for old, new in _MAPPABLE_MBOCHS:
    if old not in text:
      raise RuntimeError(f'no {old} in {SAMPLES}/mbochs.c any more')
    text = text.replace(old, new)
  with open(os.path.join(source, 'mbochs_mappable.c'), 'w',
            encoding='utf-8') as file:
    file.write(text)


def write_initramfs(kernel, path):
  """busybox, the modules that reach the host's file system, and /init."""
  busybox = shutil.which('busybox')
  if not busybox:
    raise Missing('no busybox; install busybox-static')
  with tempfile.TemporaryDirectory() as root:
    for folder in ('bin', 'modules'):
      os.makedirs(os.path.join(root, folder))
    shutil.copy(busybox, os.path.join(root, 'bin', 'busybox'))
    init = os.path.join(root, 'init')
    shutil.copy(os.path.join(HERE, 'initramfs_init'), init)
    os.chmod(init, 0o755)
    order = []
    for module in _BOOT_MODULES:
      for line in _run(['modprobe', '-S', kernel, '--show-depends',
                        module]).splitlines():
        words = line.split()
        if words[0] == 'insmod' and os.path.basename(words[1]) not in order:
          order.append(os.path.basename(words[1]))
          shutil.copy(words[1], os.path.join(root, 'modules'))
    with open(os.path.join(root, 'modules', 'order'), 'w',
              encoding='utf-8') as file:
      file.write('\n'.join(order) + '\n')
    names = [os.path.relpath(os.path.join(folder, name), root)
             for folder, folders, files in os.walk(root)
             for name in folders + files]
    with open(path, 'wb') as archive:
      subprocess.run([busybox, 'cpio', '-o', '-H', 'newc'], cwd=root,
                     input='\n'.join(names).encode() + b'\n', stdout=archive,
                     stderr=subprocess.DEVNULL, check=True)
