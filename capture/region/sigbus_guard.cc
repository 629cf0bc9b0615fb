#include "capture/region/sigbus_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace oriel::capture {
namespace {

// Written by the guards' threads, read by the handler: hence no lock.
struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<uintptr_t> begin{0};  // 0: not guarded
  std::atomic<uintptr_t> end{0};
  std::atomic<bool> tripped{false};
};

static_assert(std::atomic<uintptr_t>::is_always_lock_free);
static_assert(std::atomic<bool>::is_always_lock_free);

Slot g_slots[SigbusGuard::kMaxGuards];
uintptr_t g_page_bytes = 0;
struct sigaction g_previous;

// Replaces everything from the faulting page to the range's end. By syscall():
// a sanitizer's mmap is not fit for a signal handler.
bool ReplaceByZeros(uintptr_t address, Slot& slot, uintptr_t end) {
  const uintptr_t page = address & ~(g_page_bytes - 1);
  const long result = syscall(SYS_mmap, page, end - page, PROT_READ,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (result == -1) return false;
  slot.tripped.store(true, std::memory_order_release);
  return true;
}

void PassOn(int signal_number, siginfo_t* info, void* context) {
  if ((g_previous.sa_flags & SA_SIGINFO) != 0) {
    g_previous.sa_sigaction(signal_number, info, context);
    return;
  }
  if (g_previous.sa_handler != SIG_DFL && g_previous.sa_handler != SIG_IGN) {
    g_previous.sa_handler(signal_number);
    return;
  }
  // The instruction runs again and ends the process with its true address; a
  // signal somebody sent has no instruction and is sent again.
  struct sigaction fatal {};
  fatal.sa_handler = SIG_DFL;
  sigaction(SIGBUS, &fatal, nullptr);
  if (info->si_code <= 0) raise(SIGBUS);
}

void OnSigbus(int signal_number, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  // Only the kernel's own codes are positive and carry an address.
  if (info->si_code > 0) {
    // SAFETY: the address is only compared, never followed.
    const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
    for (Slot& slot : g_slots) {
      const uintptr_t begin = slot.begin.load(std::memory_order_acquire);
      const uintptr_t end = slot.end.load(std::memory_order_acquire);
      // A slot whose begin changed meanwhile belongs to another mapping now.
      if (begin == 0 || address < begin || address >= end ||
          slot.begin.load(std::memory_order_acquire) != begin) {
        continue;
      }
      if (!ReplaceByZeros(address, slot, end)) break;
      errno = saved_errno;
      return;
    }
  }
  PassOn(signal_number, info, context);
  errno = saved_errno;
}

bool Install() {
  g_page_bytes = static_cast<uintptr_t>(getpagesize());
  sigaction(SIGBUS, nullptr, &g_previous);
  struct sigaction action {};
  action.sa_sigaction = &OnSigbus;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  return sigaction(SIGBUS, &action, nullptr) == 0;
}

}  // namespace

std::optional<SigbusGuard> SigbusGuard::Protect(void* address,
                                                size_t size_bytes) {
  static const bool installed = Install();
  if (!installed || address == nullptr) return std::nullopt;
  for (int i = 0; i < kMaxGuards; ++i) {
    Slot& slot = g_slots[i];
    if (slot.taken.exchange(true, std::memory_order_acq_rel)) continue;
    // SAFETY: the address is only compared, never followed.
    const auto begin = reinterpret_cast<uintptr_t>(address);
    slot.tripped.store(false, std::memory_order_relaxed);
    slot.end.store(begin + size_bytes, std::memory_order_release);
    slot.begin.store(begin, std::memory_order_release);
    return SigbusGuard(i);
  }
  return std::nullopt;
}

SigbusGuard::SigbusGuard(SigbusGuard&& other) noexcept
    : slot_(std::exchange(other.slot_, -1)) {}

SigbusGuard& SigbusGuard::operator=(SigbusGuard&& other) noexcept {
  std::swap(slot_, other.slot_);
  return *this;
}

SigbusGuard::~SigbusGuard() {
  if (slot_ < 0) return;
  Slot& slot = g_slots[slot_];
  slot.begin.store(0, std::memory_order_release);
  slot.end.store(0, std::memory_order_release);
  slot.taken.store(false, std::memory_order_release);
}

bool SigbusGuard::tripped() const {
  return slot_ >= 0 && g_slots[slot_].tripped.load(std::memory_order_acquire);
}

}  // namespace oriel::capture
