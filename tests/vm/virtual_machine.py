"""Boots the guest under QEMU and waits for it to power itself off."""

import os
import shlex
import subprocess
import tempfile

import guest_kernel
import op_regions

# Of the PCI function that has a plane of its own, on bus 0.
DISPLAY_SLOT = 0x10

def run(command, out_folder, timeout_s):
  """Runs a shell command as root in the guest; its console as text.

  The guest sees this machine's files (changes stay in its memory), and
  `out_folder` as /out, where what it writes stays.
  """
  kernel = guest_kernel.version()
  with open(os.path.join(out_folder, 'run'), 'w', encoding='utf-8') as file:
    file.write(f'''#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/tmp
export XDG_RUNTIME_DIR=/run LANG=C.UTF-8
ip link set lo up 2>/dev/null || busybox ip link set lo up
{command}
echo $? >/out/status
sync
busybox poweroff -f
''')
  with tempfile.TemporaryDirectory(prefix='oriel-vm-') as work:
    initramfs = os.path.join(work, 'initramfs')
    guest_kernel.write_initramfs(kernel, initramfs)
    op_regions_file = os.path.join(work, 'op_regions')
    with open(op_regions_file, 'wb') as file:
      file.write(op_regions.image())
    console = os.path.join(out_folder, 'console')
    try:
      subprocess.run(
          _qemu(kernel, initramfs, op_regions_file, out_folder, console),
          stdin=subprocess.DEVNULL, timeout=timeout_s, check=True)
      ending = ''
    except subprocess.TimeoutExpired:
      ending = f'\nthe guest did not finish within {timeout_s} s\n'
    except subprocess.CalledProcessError as error:
      ending = f'\nQEMU ended with status {error.returncode}\n'
    return read_text(console) + ending


def read_text(path):
  try:
    with open(path, encoding='utf-8', errors='replace') as file:
      return file.read()
  except OSError as error:
    return f'({error})'


def _share(path, tag, *options):
  return ','.join([f'local,path={path},mount_tag={tag}', 'security_model=none',
                   'multidevs=remap'] + list(options))


def _qemu(kernel, initramfs, op_regions_file, out_folder, console):
  # The kernel leaves the OpRegions' memory alone. On a busy machine the
  # kernel's check of the emulated timer can fail, which is a panic.
  append = ('console=ttyS0 quiet panic=-1 no_timer_check intel_iommu=on '
            f'memmap={op_regions.RESERVED_SIZE:#x}'
            f'${op_regions.ADDRESS:#x}')
  return [
      'qemu-system-x86_64', '-nodefaults', '-no-user-config', '-no-reboot',
      '-M', 'q35,kernel-irqchip=off', '-accel', 'tcg,thread=multi',
      '-cpu', 'max', '-smp', '2', '-m', '2G', '-display', 'none',
      '-device', 'intel-iommu',
      # vfio-pci wants the class of a VGA device when it is scanned.
      '-vga', 'none', '-device', 'VGA,romfile=',
      '-device', f'bochs-display,addr={DISPLAY_SLOT:#x}',
      '-device', f'loader,file={op_regions_file},addr={op_regions.ADDRESS:#x},'
                 'force-raw=on',
      '-kernel', f'/boot/vmlinuz-{kernel}', '-initrd', initramfs,
      '-append', append, '-serial', f'file:{console}',
      '-virtfs', _share('/', 'host', 'readonly=on'),
      '-virtfs', _share(out_folder, 'out'),
  ]


def guest_command(script, arguments):
  return shlex.join(['python3', '-B', script] + list(arguments))
