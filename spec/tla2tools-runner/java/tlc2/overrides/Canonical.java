package tlc2.overrides;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import tlc2.value.IValue;
import tlc2.value.impl.BoolValue;
import tlc2.value.impl.FcnRcdValue;
import tlc2.value.impl.IntValue;
import tlc2.value.impl.ModelValue;
import tlc2.value.impl.RecordValue;
import tlc2.value.impl.SetEnumValue;
import tlc2.value.impl.StringValue;
import tlc2.value.impl.TupleValue;
import tlc2.value.impl.Value;

/** Canonical JSON text of a TLC value: equal values have equal texts, whatever class TLC happens to keep them in. */
final class Canonical {
  private Canonical() {}

  static String text(IValue value) {
    StringBuilder out = new StringBuilder();
    write((Value) value, out);
    return out.toString();
  }

  private static void write(Value value, StringBuilder out) {
    if (value instanceof IntValue) out.append(((IntValue) value).val);
    else if (value instanceof BoolValue) out.append(((BoolValue) value).val);
    else if (value instanceof StringValue) quote(((StringValue) value).val.toString(), out);
    else if (value instanceof ModelValue) quote(((ModelValue) value).val.toString(), out);
    else writeCollection(value, out);
  }

  private static void writeCollection(Value value, StringBuilder out) {
    // A record is a function over strings and a tuple is one over 1..n: ask for the most special form first.
    Value record = value instanceof RecordValue ? value : value.toRcd();
    if (record != null && ((RecordValue) record).names.length > 0) {
      writeRecord((RecordValue) record, out);
      return;
    }
    Value tuple = value.toTuple();
    if (tuple != null) {
      writeArray(((TupleValue) tuple).elems, out);
      return;
    }
    Value function = value.toFcnRcd();
    if (function != null) {
      writeFunction((FcnRcdValue) function, out);
      return;
    }
    Value set = value.toSetEnum();
    if (set == null) throw new IllegalArgumentException("no canonical text for " + value.getKindString() + ": " + value);
    SetEnumValue members = (SetEnumValue) set;
    members.normalize();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < members.elems.size(); i++) texts.add(text(members.elems.elementAt(i)));
    writeSorted(texts, out);
  }

  private static void writeRecord(RecordValue record, StringBuilder out) {
    TreeMap<String, String> fields = new TreeMap<>();
    for (int i = 0; i < record.names.length; i++) fields.put(record.names[i].toString(), text(record.values[i]));
    writeObject(fields, out);
  }

  private static void writeFunction(FcnRcdValue function, StringBuilder out) {
    function.normalize();
    Value[] domain = function.getDomainAsValues();
    TreeMap<String, String> fields = new TreeMap<>();
    List<String> pairs = new ArrayList<>();
    for (int i = 0; i < domain.length; i++) {
      String image = text(function.values[i]);
      if (domain[i] instanceof StringValue) fields.put(((StringValue) domain[i]).val.toString(), image);
      if (domain[i] instanceof ModelValue) fields.put(((ModelValue) domain[i]).val.toString(), image);
      pairs.add("[" + text(domain[i]) + "," + image + "]");
    }
    if (domain.length > 0 && fields.size() == domain.length) writeObject(fields, out);
    else writeSorted(pairs, out);
  }

  private static void writeObject(TreeMap<String, String> fields, StringBuilder out) {
    char before = '{';
    for (String name : fields.keySet()) {
      out.append(before);
      quote(name, out);
      out.append(':').append(fields.get(name));
      before = ',';
    }
    out.append('}');
  }

  private static void writeArray(Value[] members, StringBuilder out) {
    out.append('[');
    for (int i = 0; i < members.length; i++) {
      if (i > 0) out.append(',');
      write(members[i], out);
    }
    out.append(']');
  }

  private static void writeSorted(List<String> texts, StringBuilder out) {
    texts.sort(null);
    out.append('[').append(String.join(",", texts)).append(']');
  }

  static void quote(String text, StringBuilder out) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c == '\n') out.append("\\n");
      else if (c == '\r') out.append("\\r");
      else if (c == '\t') out.append("\\t");
      else if (c == '\b') out.append("\\b");
      else if (c == '\f') out.append("\\f");
      else if (c < ' ') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    out.append('"');
  }
}
