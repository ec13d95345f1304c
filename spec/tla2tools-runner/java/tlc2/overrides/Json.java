package tlc2.overrides;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tlc2.value.impl.BoolValue;
import tlc2.value.impl.IntValue;
import tlc2.value.impl.RecordValue;
import tlc2.value.impl.StringValue;
import tlc2.value.impl.TupleValue;
import tlc2.value.impl.Value;
import util.UniqueString;

/** Reads one JSON text into a TLC value. Numbers are integers of 32 bits, as TLC's are. */
final class Json {
  private String text = "";
  private int at;
  /** Strings and shapes of objects come again and again: TLC's own table of names is slow, and equal shapes share their names. */
  private final Map<String, StringValue> strings = new HashMap<>();
  private final Map<List<String>, Shape> shapes = new HashMap<>();

  Value parse(String line) {
    text = line;
    at = 0;
    Value value = value();
    space();
    if (at != text.length()) throw error("the end");
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
      case '"': return strings.computeIfAbsent(string(), StringValue::new);
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
    List<String> names = new ArrayList<>();
    List<Value> values = new ArrayList<>();
    if (!takeIf('}')) {
      do {
        peek();
        String name = string();
        take(':');
        Value value = value();
        int known = names.indexOf(name);
        if (known >= 0) {
          values.set(known, value);
        } else {
          names.add(name);
          values.add(value);
        }
      } while (takeIf(','));
      take('}');
    }
    // An empty object and an empty array are the same in the canonical text, so they are the same here.
    if (names.isEmpty()) return new TupleValue(new Value[0]);
    return record(names, values);
  }

  /** The names of a record in the order in which TLC keeps them, and the place of each in the text. Records share them. */
  private static final class Shape {
    final UniqueString[] names;
    final int[] places;

    Shape(List<String> texts) {
      names = new UniqueString[texts.size()];
      for (int i = 0; i < names.length; i++) names[i] = UniqueString.uniqueStringOf(texts.get(i));
      Arrays.sort(names, UniqueString::compareTo);
      places = new int[names.length];
      for (int i = 0; i < names.length; i++) places[i] = texts.indexOf(names[i].toString());
    }
  }

  private Value record(List<String> names, List<Value> values) {
    Shape shape = shapes.computeIfAbsent(names, Shape::new);
    Value[] sorted = new Value[shape.places.length];
    for (int i = 0; i < sorted.length; i++) sorted[i] = values.get(shape.places[i]);
    return new RecordValue(shape.names, sorted, true);
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
    int start = at;
    while (at < text.length() && text.charAt(at) != '"' && text.charAt(at) != '\\') at++;
    if (at < text.length() && text.charAt(at) == '"') return text.substring(start, at++);
    StringBuilder out = new StringBuilder(text.substring(start, at));
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
