"""The Chinese words of config/attachments.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Attachments": "随消息而来的文件，存放在数据文件夹的 `attachments/` 中。",
    "Attachments.bytes_max": "单个文件的最大字节数；多数邮件服务器接受 25 MiB。",
    "Attachments.types": (
        "接收的类型，以文件内容为准，不论发件人怎么说。SVG 和 HTML 即使在此允许，也决不在浏览器中"
        "直接显示。"
    ),
    "Attachments.image_pixels_max": (
        "像素更多的图片予以拒绝：很小的文件也可能占满打开者的内存。手机照片可达一亿像素。"
    ),
    "Attachments.unpacked_bytes_max": (
        "声称解压后更大的压缩包予以拒绝；解压后达到自身 200 倍的也是如此。"
    ),
    "Attachments.uploads_max": "同时进行的 HTTP 上传数。",
    "Attachments.upload_s_max": (
        "一次上传可用的秒数；每隔 `http.request_s_max` 之内必须到达一段数据。"
    ),
    "Attachments.keep_unused_s": "到时仍未被任何消息使用的文件将被删除。",
    "Attachments.scan": "病毒扫描程序；无：不扫描文件。",
    "ClamdScan": "在任何人打开文件之前检查每个文件的 clamd（clamd(8)，INSTREAM）。",
    "ClamdScan.clamd": (
        "它在何处监听。它的 `StreamMaxLength` 至少要等于 `bytes_max`，否则更大的文件视为未扫描。"
    ),
    "ClamdScan.timeout_s": "检查一个文件可用的时间。",
    "ClamdScan.at_once_max": "同时检查的文件数；更多的在 `timeout_s` 之内等候。",
    "ClamdScan.when_down": (
        "它不应答期间，`hold` 将文件封存到它应答为止；`refuse` 不接收任何文件。"
    ),
    "ClamdScan.retry_s": "每隔多久为封存的文件再试一次。",
}
