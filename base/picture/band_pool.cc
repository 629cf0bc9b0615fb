#include "base/picture/band_pool.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

namespace oriel {
namespace {

// All of a full HD picture's bands.
constexpr size_t kMaxKeptBytes = 8'400'000;

struct Pool {
  std::mutex mutex;
  std::deque<std::vector<uint8_t>> kept;  // the newest, warm one last
  size_t kept_bytes = 0;
};

// Pictures that live until the process ends still find it.
Pool& ThePool() {
  static Pool& pool = *new Pool;
  return pool;
}

}  // namespace

std::vector<uint8_t> TakeBandPixels(size_t size_bytes) {
  Pool& pool = ThePool();
  {
    std::lock_guard<std::mutex> lock(pool.mutex);
    const auto found =
        std::find_if(pool.kept.rbegin(), pool.kept.rend(),
                     [&](const auto& one) { return one.size() == size_bytes; });
    if (found != pool.kept.rend()) {
      std::vector<uint8_t> pixels = std::move(*found);
      pool.kept.erase(std::next(found).base());
      pool.kept_bytes -= size_bytes;
      return pixels;
    }
  }
  return std::vector<uint8_t>(size_bytes);
}

void GiveBandPixels(std::vector<uint8_t> pixels) {
  std::deque<std::vector<uint8_t>> dropped;  // freed without the lock
  Pool& pool = ThePool();
  std::lock_guard<std::mutex> lock(pool.mutex);
  pool.kept_bytes += pixels.size();
  pool.kept.push_back(std::move(pixels));
  while (pool.kept_bytes > kMaxKeptBytes) {
    pool.kept_bytes -= pool.kept.front().size();
    dropped.push_back(std::move(pool.kept.front()));
    pool.kept.pop_front();
  }
}

}  // namespace oriel
