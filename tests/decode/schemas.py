"""A protobuf schema, as protoc would write it down."""

from google.protobuf import any_pb2, descriptor_pb2

from shadowproxy.decode.protobuf import Schema

Field = descriptor_pb2.FieldDescriptorProto


def _orders() -> bytes:
    file = descriptor_pb2.FileDescriptorProto(
        name="shop.proto", package="shop", syntax="proto3", dependency=["google/protobuf/any.proto"]
    )
    order = file.message_type.add(name="Order")
    order.field.add(name="id", number=1, type=Field.TYPE_INT64, label=Field.LABEL_OPTIONAL)
    order.field.add(name="tag_list", number=2, type=Field.TYPE_STRING, label=Field.LABEL_REPEATED)
    for number, name, kind in (
        (3, "related", ".shop.Order"),
        (4, "by_name", ".shop.Order.ByNameEntry"),
        (5, "details", ".google.protobuf.Any"),
    ):
        order.field.add(
            name=name,
            number=number,
            type=Field.TYPE_MESSAGE,
            label=Field.LABEL_REPEATED,
            type_name=kind,
        )
    order.field.add(name="price", number=6, type=Field.TYPE_DOUBLE, label=Field.LABEL_OPTIONAL)
    entry = order.nested_type.add(name="ByNameEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=Field.TYPE_STRING, label=Field.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=Field.TYPE_INT32, label=Field.LABEL_OPTIONAL)
    packed = descriptor_pb2.FileDescriptorProto.FromString(any_pb2.DESCRIPTOR.serialized_pb)
    return descriptor_pb2.FileDescriptorSet(file=[packed, file]).SerializeToString()


ORDERS = Schema(_orders(), "shop.Order")
"""message Order { int64 id; repeated string tag_list; repeated Order related;
map<string, int32> by_name; repeated google.protobuf.Any details; double price; }"""
