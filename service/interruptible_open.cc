#include "service/interruptible_open.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"

namespace oriel::service {
namespace {

class InterruptibleSource final : public capture::FrameSource {
 public:
  InterruptibleSource(std::unique_ptr<capture::FrameSource> source,
                      Interrupt interrupt)
      : source_(std::move(source)), interrupt_(std::move(interrupt)) {}

  absl::StatusOr<capture::Frame> Scan(
      const capture::ScanRequest& request) override {
    return source_->Scan(request);
  }
  bool IsAsScanned(Time now) override { return source_->IsAsScanned(now); }
  void Revoke() override {
    eventfd_write(interrupt_->get(), 1);
    source_->Revoke();
  }
  std::string description() const override { return source_->description(); }
  int hangup_fd() const override { return source_->hangup_fd(); }
  std::string hangup_reason() const override {
    return source_->hangup_reason();
  }
  capture::Device* device() override { return source_->device(); }

 private:
  const std::unique_ptr<capture::FrameSource> source_;
  const Interrupt interrupt_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<capture::FrameSource>> InterruptibleOpens::Run(
    const Open& open) {
  const auto interrupt =
      std::make_shared<const UniqueFd>(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!interrupt->valid()) {
    return absl::ErrnoToStatus(errno, "open a device: create an eventfd");
  }
  {
    MutexLock lock(mutex_);
    if (ended_) return absl::UnavailableError("the daemon stops");
    under_way_.insert(interrupt);
  }
  absl::StatusOr<std::unique_ptr<capture::FrameSource>> source =
      open(interrupt);
  {
    MutexLock lock(mutex_);
    under_way_.erase(interrupt);
  }
  if (!source.ok()) return source.status();
  return std::make_unique<InterruptibleSource>(*std::move(source), interrupt);
}

void InterruptibleOpens::End() {
  MutexLock lock(mutex_);
  ended_ = true;
  for (const Interrupt& interrupt : under_way_) {
    eventfd_write(interrupt->get(), 1);
  }
}

}  // namespace oriel::service
