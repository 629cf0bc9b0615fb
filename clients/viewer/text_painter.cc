#include "clients/viewer/text_painter.h"

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace oriel::clients {
namespace {

constexpr int kFontSizePt = 16;
constexpr int kSmallestFontSizePt = 8;
constexpr int kPaddingPx = 10;

// Debian's fonts-dejavu-core first, which the package recommends.
constexpr const char* kFonts[] = {
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
};

struct SurfaceDeleter {
  void operator()(SDL_Surface* surface) const { SDL_FreeSurface(surface); }
};
struct TextureDeleter {
  void operator()(SDL_Texture* texture) const { SDL_DestroyTexture(texture); }
};

using Surface = std::unique_ptr<SDL_Surface, SurfaceDeleter>;

// Without wrapping.
int WidestLine(TTF_Font* font, const std::string& text) {
  int widest = 0;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    int width = 0;
    TTF_SizeUTF8(font, line.c_str(), &width, nullptr);
    widest = std::max(widest, width);
  }
  return widest;
}

// In the largest letters with which it fits the window; null: SDL cannot.
Surface Render(TTF_Font* font, const std::string& text, int window_width,
               int window_height) {
  const int wrap = std::max(50, window_width - 4 * kPaddingPx);
  Surface surface;
  for (int size_pt = kFontSizePt; size_pt >= kSmallestFontSizePt;
       size_pt -= 2) {
    if (TTF_SetFontSize(font, size_pt) != 0) break;
    // SDL_ttf makes several lines as wide as they may be, not as they are, and
    // wraps some that would just fit.
    const int width = std::min(wrap, WidestLine(font, text) + kFontSizePt);
    surface.reset(TTF_RenderUTF8_Blended_Wrapped(font, text.c_str(),
                                                 SDL_Color{255, 255, 255, 255},
                                                 static_cast<Uint32>(width)));
    if (surface == nullptr || surface->h + 2 * kPaddingPx <= window_height) {
      break;
    }
  }
  return surface;
}

TTF_Font* OpenAFont() {
  const char* wanted = std::getenv("ORIEL_VIEWER_FONT");
  if (wanted != nullptr) {
    if (TTF_Font* font = TTF_OpenFont(wanted, kFontSizePt)) return font;
  }
  for (const char* path : kFonts) {
    if (TTF_Font* font = TTF_OpenFont(path, kFontSizePt)) return font;
  }
  return nullptr;
}

}  // namespace

TextPainter::TextPainter() : started_(TTF_Init() == 0) {
  if (started_) font_.reset(OpenAFont());
}

TextPainter::~TextPainter() {
  font_.reset();
  if (started_) TTF_Quit();
}

void TextPainter::Paint(SDL_Renderer* renderer, const std::string& text,
                        Place place) {
  if (font_ == nullptr || text.empty()) return;
  int window_width = 0;
  int window_height = 0;
  SDL_GetRendererOutputSize(renderer, &window_width, &window_height);
  const Surface surface =
      Render(font_.get(), text, window_width, window_height);
  if (surface == nullptr) return;
  const std::unique_ptr<SDL_Texture, TextureDeleter> texture(
      SDL_CreateTextureFromSurface(renderer, surface.get()));
  if (texture == nullptr) return;
  SDL_Rect box{0, 0, surface->w + 2 * kPaddingPx, surface->h + 2 * kPaddingPx};
  if (place != Place::kTopLeft) {
    box.x = (window_width - box.w) / 2;
    box.y = place == Place::kCentre ? (window_height - box.h) / 2
                                    : window_height - box.h;
  }
  // Where even small letters do not fit, the beginning is what to read.
  box.x = std::max(box.x, 0);
  box.y = std::max(box.y, 0);
  const SDL_Rect inner{box.x + kPaddingPx, box.y + kPaddingPx, surface->w,
                       surface->h};
  SDL_SetRenderDrawBlendMode(renderer, SDL_BLENDMODE_BLEND);
  SDL_SetRenderDrawColor(renderer, 0, 0, 0, 190);
  SDL_RenderFillRect(renderer, &box);
  SDL_RenderCopy(renderer, texture.get(), nullptr, &inner);
}

}  // namespace oriel::clients
