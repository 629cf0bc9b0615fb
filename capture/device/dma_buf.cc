#include "capture/device/dma_buf.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/str_format.h"
#include "base/status_macros.h"
#include "capture/device/map_file.h"

namespace oriel::capture {
namespace {

constexpr int kMaxSyncAttempts = 100;

// The kernel tells it since Linux 5.3: "exp_name:\ti915".
std::string ReadExporter(int fd) {
  std::ifstream info(absl::StrFormat("/proc/self/fdinfo/%d", fd));
  constexpr char kKey[] = "exp_name:";
  for (std::string line; std::getline(info, line);) {
    if (line.rfind(kKey, 0) != 0) continue;
    const size_t begin = line.find_first_not_of(" \t", sizeof(kKey) - 1);
    if (begin != std::string::npos) return line.substr(begin);
  }
  return "an unknown driver";
}

class KernelDmaBuf : public DmaBuf {
 public:
  KernelDmaBuf(UniqueFd fd, std::string what, KernelCalls& calls)
      : fd_(std::move(fd)),
        what_(std::move(what)),
        exporter_(ReadExporter(fd_.get())),
        calls_(calls) {}

  std::string exporter() const override { return exporter_; }

  absl::StatusOr<Mapping> Map(size_t size_bytes) override {
    // Tells its size since Linux 3.12.
    const off_t end = lseek(fd_.get(), 0, SEEK_END);
    if (end >= 0 && static_cast<uint64_t>(end) < size_bytes) {
      return absl::InvalidArgumentError(
          absl::StrFormat("map %d bytes of %s, made by %s: it has %d",
                          size_bytes, what_, exporter_, end));
    }
    return MapFile(fd_.get(), 0, size_bytes, what_);
  }

  absl::Status BeginRead() override {
    return Sync(DMA_BUF_SYNC_START, "begin");
  }
  absl::Status EndRead() override { return Sync(DMA_BUF_SYNC_END, "end"); }

 private:
  // linux/dma-buf.h: EAGAIN and EINTR mean that it has to be called again.
  absl::Status Sync(uint64_t step, const char* name) {
    dma_buf_sync sync{};
    sync.flags = step | DMA_BUF_SYNC_READ;
    for (int attempt = 1;; ++attempt) {
      if (calls_.Ioctl(fd_.get(), DMA_BUF_IOCTL_SYNC, &sync) == 0)
        return absl::OkStatus();
      if ((errno == EAGAIN || errno == EINTR) && attempt < kMaxSyncAttempts)
        continue;
      return absl::FailedPreconditionError(
          absl::StrFormat("%s a read of %s, made by %s: %s", name, what_,
                          exporter_, strerror(errno)));
    }
  }

  const UniqueFd fd_;
  const std::string what_;
  const std::string exporter_;
  KernelCalls& calls_;
};

}  // namespace

std::unique_ptr<DmaBuf> MakeKernelDmaBuf(UniqueFd fd, std::string what,
                                         KernelCalls& calls) {
  return std::make_unique<KernelDmaBuf>(std::move(fd), std::move(what), calls);
}

}  // namespace oriel::capture
