// Where QEMU's multiboot loader enters, in flat 32-bit mode.

#define MULTIBOOT_MAGIC 0x1badb002

.section .multiboot, "a"
.long MULTIBOOT_MAGIC, 0, -MULTIBOOT_MAGIC

.section .text
.global start
start:
  cli
  mov $stack_top, %esp
  lgdt gdt_pointer
  ljmp $0x08, $1f
1:
  mov $0x10, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  call Main

// The timer's interrupt has nothing to do but to end a hlt.
.global OnTimer
OnTimer:
  push %eax
  mov $0x20, %al
  outb %al, $0x20
  pop %eax
  iret

.section .rodata
.align 8
gdt:
  .quad 0
  .quad 0x00cf9a000000ffff  // code, from 0 to 4 GiB
  .quad 0x00cf92000000ffff  // data, the same
gdt_pointer:
  .word gdt_pointer - gdt - 1
  .long gdt

.section .bss
.align 16
  .skip 16384
stack_top:

.section .note.GNU-stack, "", @progbits
