#include "capture/borrow/loan_pause.h"

#include <algorithm>
#include <chrono>

namespace oriel::capture {
namespace {

constexpr Duration kFirst = std::chrono::milliseconds(500);
constexpr Duration kLongest = std::chrono::seconds(8);
constexpr Duration kLongLoan = std::chrono::seconds(10);

}  // namespace

void LoanPause::Closed(Time lent_since, Time now) {
  // One of several that are closed together.
  if (now < end_) return;
  const bool first = length_ == Duration{} || now - lent_since >= kLongLoan;
  length_ = first ? kFirst : std::min(kLongest, 2 * length_);
  end_ = now + length_;
}

bool LoanPause::IsForgotten(Time now) const {
  return length_ == Duration{} || now - end_ >= kLongLoan;
}

}  // namespace oriel::capture
