"""Ten public architectures, tiny, as people write them: for the audit to find its way through. Images are 16 x 16."""

from collections import namedtuple
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """As torchvision has it: one ReLU, in place, called twice."""

    def __init__(self, inputs, outputs, stride=1):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Conv2d(inputs, outputs, 1, stride) if stride > 1 or inputs != outputs else None

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1), nn.BatchNorm2d(8), nn.ReLU(inplace=True))
        self.layer1, self.layer2 = ResidualBlock(8, 8), ResidualBlock(8, 16, 2)
        self.fc = nn.Linear(16, 4)

    def forward(self, x):
        return self.fc(self.layer2(self.layer1(self.stem(x))).mean((2, 3)))


class VGG(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1)]
        self.features = nn.Sequential(*layers, nn.ReLU(True), nn.MaxPool2d(2))
        self.classifier = nn.Sequential(nn.Linear(256, 32), nn.ReLU(True), nn.Dropout(), nn.Linear(32, 4))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


class MobileNet(nn.Module):
    """Separable convolutions, ReLU6, squeeze and excitation by functions."""

    def __init__(self):
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.squeeze, self.excite = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)
        self.pointwise, self.classifier = nn.Conv2d(8, 16, 1), nn.Linear(16, 4)

    def forward(self, x):
        x = F.hardswish(self.stem(x))
        x = F.relu6(self.depthwise(x))
        scale = F.hardsigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))
        return self.classifier(self.pointwise(x * scale).clamp(min=0).mean((2, 3)))


class VisionTransformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.patches, self.token = nn.Conv2d(3, 16, 4, 4), nn.Parameter(torch.zeros(1, 1, 16))
        layer = nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        return self.head(self.encoder(torch.cat([self.token.expand(len(x), -1, -1), x], 1))[:, 0])


class Swin(nn.Module):
    """Windows of 4 x 4 patches in the batch, shifted in the second block; channels last."""

    def __init__(self):
        super().__init__()
        self.patches, self.norm = nn.Conv2d(3, 8, 2, 2), nn.LayerNorm(8)
        self.attention = nn.ModuleList(nn.MultiheadAttention(8, 2, batch_first=True) for _ in range(2))
        self.mlp = nn.ModuleList(nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8)) for _ in range(2))
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.patches(x).permute(0, 2, 3, 1)
        for shift, (attention, mlp) in enumerate(zip(self.attention, self.mlp, strict=True)):
            y = torch.roll(x, (-2 * shift, -2 * shift), (1, 2))
            batch, height, width, channels = y.shape
            windows = (
                y.reshape(batch, height // 4, 4, width // 4, 4, channels).transpose(2, 3).reshape(-1, 16, channels)
            )
            windows = mlp(windows + attention(windows, windows, windows, need_weights=False)[0])
            y = windows.reshape(batch, height // 4, width // 4, 4, 4, channels).transpose(2, 3).reshape(x.shape)
            x = x + torch.roll(y, (2 * shift, 2 * shift), (1, 2))
        return self.head(self.norm(x).mean((1, 2)))


class UNet(nn.Module):
    """Segments, and classifies by the mean of its maps; answers with a dict."""

    def __init__(self):
        super().__init__()
        self.down, self.inner = nn.Conv2d(3, 8, 3, 1, 1), nn.Conv2d(8, 16, 3, 1, 1)
        self.up, self.out = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 4, 1)

    def forward(self, x):
        first = F.leaky_relu(self.down(x), 0.1)
        inner = F.relu(self.inner(F.max_pool2d(first, 2)), inplace=True)
        maps = self.out(torch.cat([first, torch.relu(self.up(inner))], 1))
        return {"maps": maps, "logits": maps.mean((2, 3))}


class RowsByLSTM(nn.Module):
    """Reads the rows of an image one after the other, time first."""

    def __init__(self):
        super().__init__()
        self.lstm, self.norm, self.fc = nn.LSTM(48, 12), nn.LayerNorm(12), nn.Linear(12, 4)

    def forward(self, x):
        output, _ = self.lstm(x.permute(2, 0, 1, 3).flatten(2))
        return self.fc(torch.tanh(self.norm(output))[-1])


class Siamese(nn.Module):
    """Two halves of the image through one branch, and their distance."""

    def __init__(self):
        super().__init__()
        layers = nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(256, 16), nn.ReLU()
        self.branch, self.fc = nn.Sequential(*layers), nn.Linear(16, 4)

    def forward(self, x):
        one, other = (self.branch(half) for half in (x[..., :8], x[..., 8:]))
        return self.fc((one - other).abs())


Output = namedtuple("Output", "logits auxiliary")


class Inception(nn.Module):
    """Branches side by side, and an auxiliary head: answers with a named tuple."""

    def __init__(self):
        super().__init__()
        self.branch1, self.branch3 = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 3, padding=1)
        self.branch5, self.pool = nn.Conv2d(3, 4, 5, padding=2), nn.Conv2d(3, 4, 1)
        self.fc, self.auxiliary = nn.Linear(16, 4), nn.Linear(16, 4)

    def forward(self, x):
        branches = [F.relu(b(x)) for b in (self.branch1, self.branch3, self.branch5)]
        x = torch.cat([*branches, F.relu(self.pool(F.avg_pool2d(x, 3, 1, 1)))], 1).mean((2, 3))
        return Output(self.fc(x), self.auxiliary(x))


@dataclass
class Result:
    """What the dense network answers with."""

    logits: torch.Tensor
    features: torch.Tensor


class DenseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(8 + 4 * k), nn.ReLU(), nn.Conv2d(8 + 4 * k, 4, 3, 1, 1)) for k in range(3)
        )
        self.norm, self.classifier = nn.BatchNorm2d(20), nn.Linear(20, 4)

    def forward(self, x):
        x = self.stem(x)
        for layer in self.layers:
            x = torch.cat([x, layer(x)], 1)
        features = F.relu(self.norm(x), inplace=True).mean((2, 3))
        return Result(self.classifier(features), features)


ARCHITECTURES = (
    *(ResNet, VGG, MobileNet, VisionTransformer, Swin),
    *(UNet, RowsByLSTM, Siamese, Inception, DenseNet),
)
