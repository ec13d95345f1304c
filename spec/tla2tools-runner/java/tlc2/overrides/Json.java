package tlc2.overrides;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tlc2.value.impl.BoolValue;
import tlc2.value.impl.IntValue;
import tlc2.value.impl.RecordValue;
import tlc2.value.impl.StringValue;
import tlc2.value.impl.TupleValue;
import tlc2.value.impl.Value;
import util.UniqueString;

/** Reads one JSON text into a TLC value. Numbers are integers of 32 bits, as TLC's are. */
final class Json {
  private final String text;
  private int at;

  private Json(String text) {
    this.text = text;
  }

  static Value parse(String text) {
    Json json = new Json(text);
    Value value = json.value();
    json.space();
    if (json.at != text.length()) throw json.error("the end");
    return value;
  }

  private IllegalArgumentException error(String expected) {
    return new IllegalArgumentException("column " + (at + 1) + ": expected " + expected);
  }

  private void space() {
    while (at < text.length() && text.charAt(at) <= ' ') at++;
  }

  private char peek() {
    space();
    if (at >= text.length()) throw error("more");
    return text.charAt(at);
  }

  private void take(char c) {
    if (peek() != c) throw error("'" + c + "'");
    at++;
  }

  private boolean takeIf(char c) {
    if (peek() != c) return false;
    at++;
    return true;
  }

  private Value word(String word, Value value) {
    if (!text.startsWith(word, at)) throw error(word);
    at += word.length();
    return value;
  }

  private Value value() {
    switch (peek()) {
      case '"': return new StringValue(string());
      case '[': return array();
      case '{': return object();
      case 't': return word("true", BoolValue.ValTrue);
      case 'f': return word("false", BoolValue.ValFalse);
      case 'n': return word("null", new StringValue("null"));
      default: return number();
    }
  }

  private Value array() {
    take('[');
    List<Value> members = new ArrayList<>();
    if (!takeIf(']')) {
      do members.add(value()); while (takeIf(','));
      take(']');
    }
    return new TupleValue(members.toArray(new Value[0]));
  }

  private Value object() {
    take('{');
    // TLC keeps the fields of a record in the order of their interned names; a sorted map gives it one order to begin with.
    Map<String, Value> fields = new TreeMap<>();
    if (!takeIf('}')) {
      do {
        peek();
        String name = string();
        take(':');
        fields.put(name, value());
      } while (takeIf(','));
      take('}');
    }
    // An empty object and an empty array are the same in the canonical text, so they are the same here.
    if (fields.isEmpty()) return new TupleValue(new Value[0]);
    UniqueString[] names = fields.keySet().stream().map(UniqueString::uniqueStringOf).toArray(UniqueString[]::new);
    return new RecordValue(names, fields.values().toArray(new Value[0]), false);
  }

  private Value number() {
    int start = at;
    if (text.charAt(at) == '-') at++;
    while (at < text.length() && Character.isDigit(text.charAt(at))) at++;
    try {
      return IntValue.gen(Integer.parseInt(text.substring(start, at)));
    } catch (NumberFormatException bad) {
      at = start;
      throw error("a JSON value (numbers: 32-bit integers)");
    }
  }

  private String string() {
    take('"');
    StringBuilder out = new StringBuilder();
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at++);
      out.append(c == '\\' ? escape() : c);
    }
    take('"');
    return out.toString();
  }

  private char escape() {
    if (at >= text.length()) throw error("an escape");
    char c = text.charAt(at++);
    switch (c) {
      case 'n': return '\n';
      case 'r': return '\r';
      case 't': return '\t';
      case 'b': return '\b';
      case 'f': return '\f';
      case 'u':
        if (at + 4 > text.length()) throw error("four hex digits");
        at += 4;
        return (char) Integer.parseInt(text.substring(at - 4, at), 16);
      default: return c;
    }
  }
}
