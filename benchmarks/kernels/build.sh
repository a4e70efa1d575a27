#!/bin/sh
# Rebuilds kernels.bin (committed, so that nobody needs a compiler): flat, linked at 1 MiB, 64-bit, entry at offset 0.
set -e
cd "$(dirname "$0")"
gcc -O2 -ffreestanding -fno-pic -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables -nostdlib -static \
    -Wl,--build-id=none,-z,norelro,-T,kernels.ld -o kernels.elf kernels.c
objcopy -O binary kernels.elf kernels.bin
rm kernels.elf
