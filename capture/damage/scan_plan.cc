#include "capture/damage/scan_plan.h"

#include <algorithm>

namespace oriel::capture {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr Duration kHotFor = std::chrono::milliseconds(300);
constexpr Duration kRestAfter = std::chrono::seconds(10);
// A little under 20 ms and a sixteenth of 320: ticks come late, never early.
constexpr Duration kSamplePeriod = std::chrono::microseconds(19'200);
// So much sooner a sample goes with a tick of hot tiles, which are at 16.7 ms
// where the rate is 60: waking up for it costs more than reading.
constexpr Duration kSampleEarly = std::chrono::microseconds(3'000);
constexpr Duration kRestPeriod = std::chrono::milliseconds(95);
// Of the budget. What is not planned is for what nobody can foresee: whole
// scans and the tiles around a difference.
constexpr double kPlannedShare = 0.9;
constexpr double kLeastShareOfSampling = 0.25;
// So many seconds of the budget may be owed: a slow plane is read whole in one
// go, but many who ask for that must not stop it for long.
constexpr double kMostDebtSeconds = 4;

// Halves the largest gap each time, so that a change of half a line's height is
// found by the second sample at the latest, and so on.
constexpr std::array<int32_t, kSampleRowsPx> kSampleOrder = {
    0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

// What moves by itself, as scrolled text, shows in any of its rows: to read all
// of them, mostly between two changes, would cost more than the changes do.
// So many are as much to read as a sample of a full HD plane.
constexpr size_t kManyHotTiles = 64;
constexpr std::array<int32_t, kHotRowStepPx> kHotRowOrder = {0, 2, 1, 3};

Duration Rounded(double seconds) {
  return std::chrono::duration_cast<Duration>(Seconds(seconds));
}

double InSeconds(Duration duration) { return Seconds(duration).count(); }

// The schedule's next time after `now`, when it was due at `due`: on its grid,
// unless that is more than a period behind.
Time Advance(Time due, Duration period, Time now) {
  return due <= now && now - due < period ? due + period : now + period;
}

}  // namespace

ScanPlan::ScanPlan(const ScanPace& pace)
    : tick_(Duration(std::chrono::seconds(1)) / std::max(1, pace.max_rate_hz)),
      budget_(std::max(0.001, InSeconds(pace.budget_per_second))),
      tokens_(budget_) {}

void ScanPlan::Begin(Size size, Duration pass, Time now) {
  grid_ = {size};
  pass_ = pass;
  warm_.clear();
  hot_ = {};
  hot_until_.assign(size_t(grid_.count()), Time::min());
  changed_until_ = hot_until_;
  Wake(now);
  NoteWhole(now);
}

void ScanPlan::NoteWhole(Time now) {
  row_read_at_.fill(now);
  const Periods periods = PeriodsAt(now);
  sample_due_ = now + periods.sample;
  hot_due_ = now + periods.hot;
}

bool ScanPlan::resting(Time now) const {
  return now - active_at_ >= kRestAfter;
}

Time ScanPlan::read_since() const {
  return *std::min_element(row_read_at_.begin(), row_read_at_.end());
}

ScanPlan::Periods ScanPlan::PeriodsAt(Time now) const {
  Periods periods = {
      tick_, std::max(tick_, resting(now) ? kRestPeriod : kSamplePeriod)};
  if (grid_.count() == 0) return periods;
  const double sample_cost = InSeconds(pass_) / kSampleRowsPx;
  const double hot_cost =
      InSeconds(pass_) * double(warm_.size()) / double(grid_.count());
  const double sample_load = sample_cost / InSeconds(periods.sample);
  const double hot_load = hot_cost / InSeconds(periods.hot);
  const double planned = budget_ * kPlannedShare;
  if (sample_load + hot_load <= planned) return periods;
  const double for_sampling =
      std::min(sample_load,
               std::max(planned * kLeastShareOfSampling, planned - hot_load));
  const double for_hot = std::min(hot_load, planned - for_sampling);
  periods.sample = Rounded(sample_cost / for_sampling);
  if (hot_load > 0) periods.hot = Rounded(hot_cost / for_hot);
  return periods;
}

void ScanPlan::CoolDown(Time now) {
  std::erase_if(warm_, [&](int tile) {
    if (hot_until_[size_t(tile)] > now) return false;
    hot_until_[size_t(tile)] = changed_until_[size_t(tile)] = Time::min();
    return true;
  });
  hot_.changed.clear();
  hot_.near.clear();
  for (const int tile : warm_) {
    const bool changed = changed_until_[size_t(tile)] > now;
    (changed ? hot_.changed : hot_.near).push_back(tile);
  }
}

ScanTick ScanPlan::Take(Time now) {
  ScanTick tick;
  if (grid_.count() == 0 || Tokens(now) < 0) return tick;
  CoolDown(now);
  const Periods periods = PeriodsAt(now);
  if (!warm_.empty() && now >= hot_due_) {
    tick.hot = true;
    tick.many = hot_.changed.size() > kManyHotTiles;
    tick.hot_row = kHotRowOrder[hot_ticks_++ % kHotRowOrder.size()];
    hot_due_ = Advance(hot_due_, periods.hot, now);
  }
  if (now >= sample_due_ || (tick.hot && now >= sample_due_ - kSampleEarly)) {
    tick.sample = kSampleOrder[samples_++ % kSampleRowsPx];
    row_read_at_[size_t(*tick.sample)] = now;
    sample_due_ = Advance(sample_due_, periods.sample, now);
  }
  return tick;
}

Time ScanPlan::NextDue() const {
  const Time due =
      warm_.empty() ? sample_due_ : std::min(sample_due_, hot_due_);
  if (tokens_ >= 0) return due;
  const Time solvent =
      charged_at_ + Rounded(-tokens_ / budget_) + std::chrono::microseconds(1);
  return std::max(due, solvent);
}

void ScanPlan::NoteChange(int tile, Time now) {
  if (warm_.empty()) hot_due_ = now + tick_;
  grid_.ForNeighbours(tile, [&](int near) {
    Time& until = hot_until_[size_t(near)];
    if (until == Time::min()) warm_.push_back(near);
    until = std::max(until, now + kHotFor);
  });
  changed_until_[size_t(tile)] = now + kHotFor;
  Wake(now);
}

void ScanPlan::Wake(Time now) {
  active_at_ = now;
  sample_due_ = std::min(sample_due_, now + PeriodsAt(now).sample);
}

double ScanPlan::Tokens(Time now) const {
  if (charged_at_ == Time::min()) return tokens_;
  return std::min(budget_, tokens_ + InSeconds(now - charged_at_) * budget_);
}

void ScanPlan::Charge(Duration spent, Time now) {
  tokens_ =
      std::max(-budget_ * kMostDebtSeconds, Tokens(now) - InSeconds(spent));
  charged_at_ = now;
}

}  // namespace oriel::capture
