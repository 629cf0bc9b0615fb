#pragma once

#include <SDL2/SDL.h>
#include <SDL2/SDL_ttf.h>

#include <memory>
#include <string>

namespace oriel::clients {

// Writes lines of text into a window. Without a font it writes nothing; the
// window's title then has to do. Thread-bound to the window's thread.
class TextPainter {
 public:
  // Looks for a usual sans-serif font; ORIEL_VIEWER_FONT names another.
  TextPainter();
  ~TextPainter();
  TextPainter(const TextPainter&) = delete;
  TextPainter& operator=(const TextPainter&) = delete;

  bool has_font() const { return font_ != nullptr; }

  enum class Place { kCentre, kTopLeft, kBottom };
  // White on a dark box, wrapped at the window's width; in a window that it
  // does not fit into, in smaller letters.
  void Paint(SDL_Renderer* renderer, const std::string& text, Place place);

 private:
  struct FontDeleter {
    void operator()(TTF_Font* font) const { TTF_CloseFont(font); }
  };
  const bool started_;
  std::unique_ptr<TTF_Font, FontDeleter> font_;
};

}  // namespace oriel::clients
